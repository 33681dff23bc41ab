//! Reads manifests, as files hold them and as kubectl prints them, into an [`Inventory`].
//!
//! A wrong document or object is an error of its own and costs no other. An object of a kind that
//! Istio does not look at is passed over, and so are unknown fields.

mod body;
mod config_map;
mod document;
mod error;
mod finish;
mod kinds;
mod list;
mod parse;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod workload_tests;

use std::sync::Arc;

use serde_json::Value;

use crate::config::{self, MeshConfig};
use crate::inventory::Inventory;
use crate::meta::Origin;
use document::{Document, documents};
pub use error::{LoadError, LoadWarning, Problem};
use kinds::Drafts;

/// Builds an [`Inventory`] from the text of files.
///
/// ```
/// let mut loader = mesh::Loader::new();
/// loader.add(
///     "mesh.yaml",
///     br#"
/// apiVersion: v1
/// kind: Pod
/// metadata: {name: reviews, namespace: bookinfo}
/// spec:
///   containers: [{name: istio-proxy, args: [proxy, sidecar]}]
/// ---
/// kind: Pod
/// "#,
/// );
/// let loaded = loader.finish();
/// assert_eq!(loaded.inventory.workloads[0].proxy.kind, mesh::ProxyKind::Sidecar);
/// assert_eq!(
///     loaded.errors[0].to_string(),
///     "mesh.yaml, document 2: Pod: expected a Kubernetes object, found one without `apiVersion`",
/// );
/// ```
#[derive(Debug, Default)]
pub struct Loader {
    drafts: Drafts,
    given: Option<(MeshConfig, Origin)>,
    errors: Vec<LoadError>,
    warnings: Vec<LoadWarning>,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The objects.
    pub inventory: Inventory,
    /// What could not be read, in the order of the input.
    pub errors: Vec<LoadError>,
    /// What was read with doubts.
    pub warnings: Vec<LoadWarning>,
}

impl Loader {
    /// A loader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file of manifests: YAML of any number of documents, or JSON, and `List`s in either.
    ///
    /// `file` is the name that errors give.
    pub fn add(&mut self, file: &str, text: &[u8]) {
        let file: Arc<str> = file.into();
        let Some(text) = self.text(&file, text) else { return };
        let mut found = false;
        for document in documents(text) {
            found = true;
            let Self { drafts, errors, warnings, .. } = self;
            let read = parse::read(document, &mut |item| {
                let origin = Origin {
                    file: Arc::clone(&file),
                    document: document.number,
                    item: item.number,
                };
                let added = match &item.body {
                    Ok(body) => drafts.add(&origin, body, item.default.as_ref(), warnings),
                    Err(problem) => {
                        Err(LoadError { origin, object: None, problem: problem.clone() })
                    }
                };
                errors.extend(added.err());
            });
            if let Err(problem) = read {
                self.error(origin(&file, document.number), problem);
            }
        }
        if !found {
            self.warn(origin(&file, 1), "the file holds no objects".to_owned());
        }
    }

    /// Reads an answer of an API server, a list or an object of JSON. `default` is the `apiVersion` and
    /// `kind` of items that do not say theirs, `cluster` what errors give as their place.
    pub fn add_answer(&mut self, cluster: &str, default: (&str, &str), text: &[u8]) {
        let file: Arc<str> = cluster.into();
        let Some(text) = self.text(&file, text) else { return };
        let default = (default.0.to_owned(), default.1.to_owned());
        let origin = Origin { file, document: 0, item: None };
        let document = Document { text, line: 1, number: 0 };
        let Self { drafts, errors, warnings, .. } = self;
        let read = parse::read(document, &mut |item| {
            let default = item.default.as_ref().unwrap_or(&default);
            let added = match &item.body {
                Ok(body) => drafts.add(&origin, body, Some(default), warnings),
                Err(problem) => {
                    let (origin, problem) = (origin.clone(), problem.clone());
                    Err(LoadError { origin, object: None, problem })
                }
            };
            errors.extend(added.err());
        });
        if let Err(problem) = read {
            self.error(origin, problem);
        }
    }

    /// Reads a file with the mesh configuration, which wins over every ConfigMap and for every
    /// revision: a bare MeshConfig, the ConfigMap `istio`, Helm values or an IstioOperator. A second
    /// file is laid over the first.
    pub fn add_mesh_config(&mut self, file: &str, text: &[u8]) {
        let file: Arc<str> = file.into();
        let Some(text) = self.text(&file, text) else { return };
        for document in documents(text) {
            if let Err(problem) = self.mesh_config(&file, document) {
                self.error(origin(&file, document.number), problem);
            }
        }
        // An empty MeshConfig is one: Istio's defaults.
        if documents(text).next().is_none() && self.given.is_none() {
            self.given = Some((MeshConfig::default(), origin(&file, 1)));
        }
    }

    /// What was read, put together.
    pub fn finish(self) -> Loaded {
        finish::finish(self)
    }

    /// Reads one document of a file with the mesh configuration.
    fn mesh_config(&mut self, file: &Arc<str>, document: Document<'_>) -> Result<(), Problem> {
        let tree = parse::tree(document)?;
        let found = config::find(&tree).map_err(|found| Problem::NoMeshConfig { found })?;
        let value = match found.value {
            Value::String(text) => embedded(&text, found.path)?,
            value => value,
        };
        let mut remarks = found.remarks;
        let mut config = self.given.as_ref().map(|(config, _)| config.clone()).unwrap_or_default();
        config
            .apply(&value, &mut remarks)
            .map_err(|error| Problem::mesh_config(found.path, error))?;
        let origin = origin(file, document.number);
        for remark in remarks {
            self.warn(origin.clone(), remark);
        }
        self.given = Some((config, origin));
        Ok(())
    }

    /// The file as text.
    fn text<'t>(&mut self, file: &Arc<str>, text: &'t [u8]) -> Option<&'t str> {
        let text = std::str::from_utf8(text).ok().filter(|text| !text.contains('\0'));
        if text.is_none() {
            self.error(origin(file, 1), Problem::NotText);
        }
        text
    }

    /// Notes an error that is on no object.
    fn error(&mut self, origin: Origin, problem: Problem) {
        self.errors.push(LoadError { origin, object: None, problem });
    }

    /// Notes a warning that is on no object.
    fn warn(&mut self, origin: Origin, message: String) {
        self.warnings.push(LoadWarning { origin, object: None, message });
    }
}

/// A place in a file, outside of a `List`.
fn origin(file: &Arc<str>, document: usize) -> Origin {
    Origin { file: Arc::clone(file), document, item: None }
}

/// The value of a text inside of a field, such as a ConfigMap's `data.mesh`; null when it is empty.
pub(crate) fn embedded(text: &str, path: &str) -> Result<Value, Problem> {
    let Some(document) = documents(text).next() else { return Ok(Value::Null) };
    parse::tree(document)
        .map_err(|problem| Problem::Field { path: path.to_owned(), message: problem.to_string() })
}
