//! Formats: the one that was asked for, those that manifests give each pod, or those that the lines
//! themselves tell.

use std::collections::HashMap;
use std::sync::Arc;

use accesslog::{Detector, Format, Reader};

use crate::error::shell_quoted;
use crate::pods::PodName;

/// How lines are to be read.
#[derive(Debug)]
pub(crate) enum Choice {
    /// By what the lines look like, for each stream.
    Auto(Detector),
    /// By one format.
    Fixed(Arc<Format>),
    /// By the formats of the pod that wrote them; by what they look like where that is not known.
    Pods(PodFormats, Detector),
}

/// The formats of each pod's loggers.
#[derive(Debug, Default)]
pub(crate) struct PodFormats {
    formats: Vec<Arc<Format>>,
    /// By pod name: the namespace, and which formats.
    pods: HashMap<String, Vec<(String, Vec<usize>)>>,
}

impl PodFormats {
    /// Adds a pod and the formats that its proxy writes with.
    pub(crate) fn add(&mut self, namespace: &str, name: &str, formats: Vec<Arc<Format>>) {
        let indices = formats.into_iter().map(|format| self.index(format)).collect();
        self.pods.entry(name.to_owned()).or_default().push((namespace.to_owned(), indices));
    }

    fn index(&mut self, format: Arc<Format>) -> usize {
        let known = self.formats.iter().position(|other| same(other, &format));
        known.unwrap_or_else(|| {
            self.formats.push(format);
            self.formats.len() - 1
        })
    }

    /// The names of the pods.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pods.keys().map(String::as_str)
    }

    /// The formats that a pod may write with; `None` for a pod that is not known.
    pub(crate) fn all_of(&self, pod: &PodName) -> Option<Vec<Arc<Format>>> {
        let format = |index: usize| self.formats.get(index).cloned();
        self.of(pod).map(|indices| indices.into_iter().filter_map(format).collect())
    }

    /// Which formats a pod may write with; `None` for a pod that is not known. Where several
    /// namespaces have a pod of the name, and which one is meant is not known, theirs together. A
    /// pod that is not there itself goes by its controller.
    fn of(&self, pod: &PodName) -> Option<Vec<usize>> {
        let of_controller = || pod.controllers().find_map(|name| self.pods.get(&name));
        let named = self.pods.get(&pod.name).or_else(of_controller)?;
        let meant = named.iter().filter(|(namespace, _)| {
            pod.namespace.as_ref().is_none_or(|wanted| wanted == namespace)
        });
        let mut found: Option<Vec<usize>> = None;
        for (_, indices) in meant {
            let known = found.get_or_insert_default();
            for index in indices {
                if !known.contains(index) {
                    known.push(*index);
                }
            }
        }
        found
    }
}

/// More formats than these are not told from lines, so that hostile ones cannot fill the memory.
const MOST: usize = 64;

/// The formats in use, each with a reader.
#[derive(Debug)]
pub(crate) struct Formats {
    detector: Option<Detector>,
    readers: Vec<Reader>,
    pods: PodFormats,
    /// How often the pods' formats were replaced.
    edition: u64,
}

impl Formats {
    /// The formats for a choice; a fixed one has the index 0.
    pub(crate) fn new(choice: Choice) -> Self {
        let (detector, formats, pods) = match choice {
            Choice::Auto(detector) => (Some(detector), Vec::new(), PodFormats::default()),
            Choice::Fixed(format) => (None, vec![format], PodFormats::default()),
            Choice::Pods(pods, detector) => (Some(detector), pods.formats.clone(), pods),
        };
        let readers = formats.into_iter().map(Reader::new).collect();
        Self { detector, readers, pods, edition: 0 }
    }

    /// The index of the format that was asked for, if one was.
    pub(crate) fn fixed(&self) -> Option<usize> {
        self.detector.is_none().then_some(0)
    }

    /// The formats that manifests give a pod, in the order in which they are to be tried; none where
    /// the pod does not log, and `None` where it is not known.
    pub(crate) fn of_pod(&self, pod: &PodName) -> Option<Vec<usize>> {
        self.pods.of(pod)
    }

    /// Takes what the pods write with from now on; formats in use stay.
    pub(crate) fn replace(&mut self, pods: PodFormats) {
        let mut index = |format: &Arc<Format>| {
            let known = self.readers.iter().position(|reader| same(reader.format(), format));
            known.unwrap_or_else(|| {
                self.readers.push(Reader::new(Arc::clone(format)));
                self.readers.len() - 1
            })
        };
        let indices: Vec<usize> = pods.formats.iter().map(&mut index).collect();
        let moved = |old: &usize| indices.get(*old).copied();
        let by_name = pods.pods.into_iter().map(|(name, of_name)| {
            let of_name = of_name
                .into_iter()
                .map(|(namespace, old)| (namespace, old.iter().filter_map(moved).collect()));
            (name, of_name.collect())
        });
        self.pods = PodFormats { formats: pods.formats, pods: by_name.collect() };
        self.edition += 1;
    }

    /// The edition of the pods' formats: it changes when they are replaced.
    pub(crate) fn edition(&self) -> u64 {
        self.edition
    }

    /// Whether manifests were given.
    pub(crate) fn knows_pods(&self) -> bool {
        !self.pods.pods.is_empty()
    }

    /// How many lines a record of the format that was asked for takes.
    pub(crate) fn lines_per_record(&self) -> usize {
        let fixed = self.fixed().and_then(|index| self.readers.get(index));
        fixed.map_or(1, |reader| reader.format().lines_per_record())
    }

    /// Whether the last field of a format in use is the route name, which takes any text.
    pub(crate) fn ends_in_route_name(&self, index: usize) -> bool {
        let last = self.readers.get(index).and_then(|reader| reader.format().fields().last());
        last.is_some_and(|field| field.name() == "ROUTE_NAME")
    }

    /// The reader of a format in use.
    pub(crate) fn reader(&mut self, index: usize) -> Option<&mut Reader> {
        self.readers.get_mut(index)
    }

    /// The readers of all formats in use, by index.
    pub(crate) fn readers(&mut self) -> &mut [Reader] {
        &mut self.readers
    }

    /// Tells the format of some lines: its index, and what to say about it.
    pub(crate) fn detect<'l>(
        &mut self,
        lines: impl IntoIterator<Item = &'l [u8]>,
    ) -> Option<(usize, String)> {
        let detected = self.detector.as_mut()?.detect(lines)?;
        let mut said = format!("format {detected}");
        if let Some(string) = detected.format_string() {
            said.push_str(&format!("\n  --format {}", shell_quoted(&string)));
        }
        let format = detected.format();
        let index = match self.readers.iter().position(|reader| same(reader.format(), format)) {
            Some(index) => index,
            None if self.readers.len() >= MOST + self.pods.formats.len() => return None,
            None => {
                self.readers.push(Reader::new(Arc::clone(format)));
                self.readers.len() - 1
            }
        };
        Some((index, said))
    }
}

/// Whether two formats read lines in the same way.
fn same(left: &Format, right: &Format) -> bool {
    left.text() == right.text()
        && left.encoding() == right.encoding()
        && left.omits_empty_values() == right.omits_empty_values()
}
