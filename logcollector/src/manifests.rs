//! Manifests: files and folders read into what Istio would know of the cluster.

mod live;
mod refused;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use mesh::{
    DEFAULT_REVISION, Inventory, LoadError, Loaded, Loader, MeshConfig, MeshConfigSource, Object,
    Workload,
};

use sidecar::IstioVersion;
use telemetry::Cluster;

use crate::cli::ManifestArgs;
use crate::command::Outcome;
use crate::error::Error;
use crate::notes::Notes;
use crate::progress::Spinner;
use crate::source::one_stdin;
use crate::visible;
use crate::workloads::Workloads;
pub(crate) use live::Among;

/// How many mistakes of a kind are shown one by one.
const SHOWN: usize = 20;
/// A file above this size is no manifest.
const LARGEST: u64 = 1 << 30;
/// From this size on, JSON is read without its indentation.
const LARGE: u64 = 16 << 20;
/// How deep folders are looked into with `--recursive`.
const DEEPEST: usize = 32;

/// What was read.
#[derive(Debug)]
pub(crate) struct Manifests {
    pub(crate) inventory: Inventory,
    /// The revision whose istiod is taken to serve every pod, if one was named.
    pub(crate) revision: Option<String>,
    /// What could not be read of the objects; it was said.
    pub(crate) errors: Vec<LoadError>,
    /// Whether a file could not be read; it was said.
    pub(crate) unreadable: bool,
    /// The versions of the cluster's istiods, by revision; none of manifests.
    versions: BTreeMap<String, IstioVersion>,
}

impl Manifests {
    /// Reads the manifests that the options name. What is wrong in them is said on standard error,
    /// and the rest counts.
    ///
    /// # Errors
    ///
    /// When no manifests are named, or when the MeshConfig cannot be read.
    pub(crate) fn read(args: &ManifestArgs, notes: &Notes) -> Result<Self, Error> {
        if args.files.is_empty() {
            return Err(Error::NoManifests);
        }
        one_stdin(args.paths())?;
        let mut loader = Loader::new();
        if let Some(path) = &args.mesh_config {
            loader.add_mesh_config(&name(path), &content(path)?);
        }
        let (loaded, unreadable) = load(loader, &args.files, args.recursive);
        let of_mesh_config = |error: &&LoadError| {
            args.mesh_config.as_deref().is_some_and(|path| name(path) == *error.origin.file)
        };
        if let Some(error) = loaded.errors.iter().find(of_mesh_config) {
            return Err(Error::MeshConfig(Box::new(error.clone())));
        }
        say(&loaded, notes);
        let Loaded { inventory, errors, .. } = loaded;
        let (revision, versions) = (args.revision.clone(), BTreeMap::new());
        let manifests = Self { inventory, revision, errors, unreadable, versions };
        manifests.say_defaults("manifests", notes);
        Ok(manifests)
    }

    /// A MeshConfig alone.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn mesh_config(path: &Path, notes: &Notes) -> Result<MeshConfig, Error> {
        let mut loader = Loader::new();
        loader.add_mesh_config(&name(path), &content(path)?);
        let loaded = loader.finish();
        if let Some(error) = loaded.errors.first() {
            return Err(Error::MeshConfig(Box::new(error.clone())));
        }
        say(&loaded, notes);
        Ok(loaded.inventory.mesh_config(DEFAULT_REVISION).clone())
    }

    /// What there would be if other manifests were applied.
    pub(crate) fn with(&self, files: &[PathBuf], notes: &Notes) -> Self {
        let (mut new, unreadable) = load(Loader::new(), files, false);
        say(&new, notes);
        new.errors.extend(refused::take_out(&mut new.inventory.objects, notes));
        Self {
            inventory: self.inventory.with(new.inventory),
            revision: self.revision.clone(),
            errors: self.errors.iter().cloned().chain(new.errors).collect(),
            unreadable: self.unreadable || unreadable,
            versions: self.versions.clone(),
        }
    }

    /// Takes out the objects about what proxies can reach that no API server takes, and says why.
    pub(crate) fn without_refused(mut self, notes: &Notes) -> Self {
        self.errors.extend(refused::take_out(&mut self.inventory.objects, notes));
        self
    }

    /// Says so where no MeshConfig was found for a revision in use.
    fn say_defaults(&self, place: &str, notes: &Notes) {
        let revisions: BTreeSet<&str> =
            self.inventory.workloads.iter().map(|workload| self.revision_of(workload)).collect();
        for revision in revisions {
            if self.inventory.mesh_config_source(revision) == MeshConfigSource::Defaults {
                let revision = visible::text(revision.as_bytes());
                notes.say(&format!(
                    "no MeshConfig of revision `{revision}` in the {place}: Istio's defaults count"
                ));
            }
        }
    }

    /// The Telemetry objects and what they lead to. Those that no cluster could hold are said: they do
    /// not count.
    pub(crate) fn telemetry(&self, notes: &Notes) -> Cluster<'_> {
        let cluster = Cluster::new(&self.inventory);
        let refused = cluster.telemetries().iter().filter(|telemetry| !telemetry.is_accepted());
        let say = |telemetry: &telemetry::Telemetry| {
            let meta = &telemetry.meta;
            format!(
                "{}: Telemetry/{}: an API server refuses it, so that it does not count; \
                 `telemetry lint` says why",
                meta.origin,
                meta.qualified_name()
            )
        };
        say_all(notes, "warning", &refused.map(say).collect::<Vec<_>>());
        cluster
    }

    /// The revision of the istiod that decides for a workload.
    pub(crate) fn revision_of<'m>(&'m self, workload: &'m Workload) -> &'m str {
        self.revision.as_deref().unwrap_or(&workload.proxy.revision)
    }

    /// The version of the istiod of a revision; `None` where no cluster tells it.
    pub(crate) fn istio_version(&self, revision: &str) -> Option<IstioVersion> {
        self.versions.get(revision).copied()
    }

    /// The workloads, to choose from.
    pub(crate) fn workloads(&self) -> Workloads<'_> {
        Workloads(&self.inventory.workloads)
    }

    /// What a command ends with that has printed what it found.
    pub(crate) fn outcome(&self, printed: Outcome) -> Outcome {
        let incomplete = self.unreadable || !self.errors.is_empty();
        if incomplete { Outcome::Unreadable } else { printed }
    }
}

/// Reads files and folders. Those that cannot be read are said, and whether there are any is given,
/// too.
fn load(mut loader: Loader, named: &[PathBuf], recursive: bool) -> (Loaded, bool) {
    let spinner = Spinner::new("reading manifests");
    let mut unreadable = Vec::new();
    for named in named {
        let files = files(named, recursive).unwrap_or_else(|error| {
            unreadable.push(error);
            Vec::new()
        });
        for file in files {
            match content(&file) {
                Ok(text) => loader.add(&name(&file), &text),
                Err(error) => unreadable.push(error),
            }
        }
    }
    let loaded = loader.finish();
    drop(spinner);
    unreadable.iter().for_each(Error::report);
    (loaded, !unreadable.is_empty())
}

/// Says what is wrong in manifests.
fn say(loaded: &Loaded, notes: &Notes) {
    say_all(notes, "error", &loaded.errors);
    say_all(notes, "warning", &loaded.warnings);
}

/// The objects of manifests by themselves, without those that no API server takes.
pub(crate) fn objects(file: &Path, notes: &Notes) -> (Vec<Object>, bool) {
    let (mut loaded, unreadable) = load(Loader::new(), &[file.to_owned()], false);
    say(&loaded, notes);
    loaded.errors.extend(refused::take_out(&mut loaded.inventory.objects, notes));
    (loaded.inventory.objects, unreadable || !loaded.errors.is_empty())
}

/// Says the first of many things, and how many more there are.
fn say_all(notes: &Notes, kind: &str, said: &[impl ToString]) {
    for text in said.iter().take(SHOWN) {
        notes.print(&format!("{kind}: {}", visible::lines(&text.to_string())));
    }
    if let Some(more) = said.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        notes.print(&format!("{kind}: {more} more"));
    }
}

fn name(path: &Path) -> String {
    if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() }
}

fn content(path: &Path) -> Result<Vec<u8>, Error> {
    let read = if path == Path::new("-") {
        text::read(std::io::stdin().take(LARGEST), false)
    } else {
        std::fs::File::open(path).and_then(|file| {
            let is_large = file.metadata()?.len() > LARGE;
            text::read(file.take(LARGEST), is_large)
        })
    };
    read.map_err(|error| Error::Input { name: name(path), error })
}

/// The files that a name stands for: itself, or the manifests in a folder, in order of name.
fn files(named: &Path, recursive: bool) -> Result<Vec<PathBuf>, Error> {
    if named == Path::new("-") || !named.is_dir() {
        return Ok(vec![named.to_owned()]);
    }
    let mut found = Vec::new();
    walk(named, if recursive { DEEPEST } else { 0 }, &mut found)?;
    if found.is_empty() {
        return Err(Error::NoManifestsIn { folder: named.to_owned() });
    }
    Ok(found)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |error| Error::Input { name: name(folder), error };
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(failed)?.collect();
    let mut paths: Vec<PathBuf> =
        entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() {
            if depth > 0 && !hidden && !path.is_symlink() {
                walk(&path, depth - 1, found)?;
            }
        } else if is_manifest(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// The names that kubectl reads in a folder.
fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}
