//! Workloads: those of the manifests that the command line means.

use std::collections::HashSet;

use mesh::{Selector, Workload};

use crate::cli::{AmongArgs, OnePodArgs, PodArgs};
use crate::error::{Error, Marked, closest};
use crate::pods::PodName;

/// The workloads to choose from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workloads<'i>(pub(crate) &'i [Workload]);

impl<'i> Workloads<'i> {
    /// The workloads that the options choose.
    ///
    /// # Errors
    ///
    /// When the label selector is none, or when a pod that is named is not there.
    pub(crate) fn chosen(&self, args: &PodArgs) -> Result<Vec<&'i Workload>, Error> {
        let in_namespace = self.in_namespace(args.among.namespace.as_deref());
        for name in &args.pods {
            if !in_namespace.iter().any(|it| is_named(it, name) || is_of(it, name)) {
                return Err(no_such_pod(name, &in_namespace));
            }
        }
        let mut chosen = self.among(&args.among)?;
        if !args.pods.is_empty() {
            let is_meant = |it: &Workload, name: &str| is_named(it, name) || is_of(it, name);
            chosen.retain(|workload| args.pods.iter().any(|name| is_meant(workload, name)));
        }
        Ok(chosen)
    }

    /// The workloads of a namespace and with labels, as far as these are given.
    ///
    /// # Errors
    ///
    /// When the label selector is none.
    pub(crate) fn among(&self, args: &AmongArgs) -> Result<Vec<&'i Workload>, Error> {
        let selector = args.selector.as_deref().map(parse_selector).transpose()?;
        let mut among = self.in_namespace(args.namespace.as_deref());
        if let Some(selector) = selector {
            among.retain(|workload| selector.matches(&workload.labels));
        }
        Ok(among)
    }

    /// The pods of these namespaces and names.
    pub(crate) fn of_pods(&self, pods: &[(&str, &str)]) -> Vec<&'i Workload> {
        let pods: HashSet<&(&str, &str)> = pods.iter().collect();
        let is_meant =
            |it: &&Workload| pods.contains(&(it.meta.namespace.as_str(), it.meta.name.as_str()));
        self.0.iter().filter(is_meant).collect()
    }

    /// The one workload of a name.
    ///
    /// # Errors
    ///
    /// When it is not there, or in several namespaces.
    pub(crate) fn one(&self, pod: &OnePodArgs) -> Result<&'i Workload, Error> {
        let in_namespace = self.in_namespace(pod.namespace.as_deref());
        match self.named(&pod.pod, pod.namespace.as_deref()).as_slice() {
            [workload] => Ok(workload),
            [] => {
                let mut pods = in_namespace.iter().filter(|it| is_of(it, &pod.pod));
                let first = pods.next().ok_or_else(|| no_such_pod(&pod.pod, &in_namespace))?;
                // The pods of a controller are alike; those of several are not.
                let other = pods.find(|it| it.meta.namespace != first.meta.namespace);
                other.map_or(Ok(first), |other| {
                    let instead = "--namespace NAMESPACE".to_owned();
                    Err(several_pods(&pod.pod, &[first, other], instead))
                })
            }
            several => Err(several_pods(&pod.pod, several, "--namespace NAMESPACE".to_owned())),
        }
    }

    /// The workload of an option `--pod`: the pod, or the controller that made it where the pod
    /// itself is not there.
    ///
    /// # Errors
    ///
    /// When neither is there, or when several namespaces have one.
    pub(crate) fn pod(&self, pod: &PodName) -> Result<&'i Workload, Error> {
        let namespace = pod.namespace.as_deref();
        let names = std::iter::once(pod.name.clone()).chain(pod.controllers());
        let found = names.map(|name| self.named(&name, namespace)).find(|found| !found.is_empty());
        match found.as_deref() {
            Some([workload]) => Ok(workload),
            Some(several) => {
                Err(several_pods(&pod.name, several, format!("--pod NAMESPACE/{}", pod.name)))
            }
            None => Err(no_such_pod(&pod.name, &self.in_namespace(namespace))),
        }
    }

    fn named(&self, name: &str, namespace: Option<&str>) -> Vec<&'i Workload> {
        let in_namespace = self.in_namespace(namespace).into_iter();
        in_namespace.filter(|workload| is_named(workload, name)).collect()
    }

    fn in_namespace(&self, namespace: Option<&str>) -> Vec<&'i Workload> {
        let wanted = |workload: &&Workload| {
            namespace.is_none_or(|namespace| workload.meta.namespace == namespace)
        };
        self.0.iter().filter(wanted).collect()
    }
}

/// Whether a name given on the command line is the workload's; controllers go by any of the short
/// and long names that kubectl takes.
fn is_named(workload: &Workload, name: &str) -> bool {
    if workload.display_name() == name {
        return true;
    }
    let Some((kind, rest)) = name.split_once('/') else { return false };
    let kind = kind.to_ascii_lowercase();
    let long = workload.kind.as_str().to_ascii_lowercase();
    let kinds = [workload.kind.prefix().unwrap_or("po"), &long, &format!("{long}s")];
    rest == workload.meta.name && kinds.contains(&kind.as_str())
}

/// Whether a workload is a pod of the controller that is named on the command line.
fn is_of(workload: &Workload, name: &str) -> bool {
    let controller = name.split_once('/').map(|(_, name)| name);
    controller.is_some() && workload.controller.as_deref() == controller
}

fn no_such_pod(name: &str, workloads: &[&Workload]) -> Error {
    let names: Vec<String> = workloads.iter().map(|workload| workload.display_name()).collect();
    let closest = closest(name, names.iter().map(String::as_str));
    Error::NoSuchPod { name: name.to_owned(), closest }
}

fn several_pods(name: &str, pods: &[&Workload], instead: String) -> Error {
    let namespaces = pods.iter().map(|workload| workload.meta.namespace.clone()).collect();
    Error::SeveralPods { name: name.to_owned(), namespaces, instead }
}

/// Reads the label selector of an option.
///
/// # Errors
///
/// When it is none.
pub(crate) fn parse_selector(text: &str) -> Result<Selector, Error> {
    Selector::parse(text).map_err(|error| {
        let start = text.char_indices().nth(error.column - 1).map_or(text.len(), |(at, _)| at);
        let said = format!("expected {}, found {}", error.expected, error.found);
        Error::Marked(Box::new(Marked::new(
            "the labels are no selector",
            ("--selector", text),
            &[(start..start + 1, said)],
            Some("as `app=reviews,version!=v1`, `app in (reviews, ratings)` or `!app`".to_owned()),
        )))
    })
}
