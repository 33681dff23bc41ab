//! Workloads: those of the manifests that the command line means.

use mesh::{Selector, Workload};

use crate::cli::PodArgs;
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
        let selector = args.selector.as_deref().map(parse_selector).transpose()?;
        let in_namespace = self.in_namespace(args.namespace.as_deref());
        for name in &args.pods {
            if !in_namespace.iter().any(|workload| is_named(workload, name)) {
                return Err(no_such_pod(name, &in_namespace));
            }
        }
        let chosen = in_namespace.into_iter().filter(|workload| {
            let named = args.pods.is_empty() || args.pods.iter().any(|it| is_named(workload, it));
            named && selector.as_ref().is_none_or(|selector| selector.matches(&workload.labels))
        });
        Ok(chosen.collect())
    }

    /// The one workload of a name.
    ///
    /// # Errors
    ///
    /// When it is not there, or in several namespaces.
    pub(crate) fn one(&self, name: &str, namespace: Option<&str>) -> Result<&'i Workload, Error> {
        let in_namespace = self.in_namespace(namespace);
        let found: Vec<_> = in_namespace.iter().filter(|it| is_named(it, name)).collect();
        match found.as_slice() {
            [workload] => Ok(workload),
            [] => Err(no_such_pod(name, &in_namespace)),
            several => Err(Error::SeveralPods {
                name: name.to_owned(),
                namespaces: several.iter().map(|it| it.meta.namespace.clone()).collect(),
            }),
        }
    }

    /// The pod of an option `--pod [NAMESPACE/]NAME`.
    pub(crate) fn pod(&self, pod: &PodName) -> Result<&'i Workload, Error> {
        self.one(&pod.name, pod.namespace.as_deref())
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

fn no_such_pod(name: &str, workloads: &[&Workload]) -> Error {
    let names: Vec<String> = workloads.iter().map(|workload| workload.display_name()).collect();
    let closest = closest(name, names.iter().map(String::as_str));
    Error::NoSuchPod { name: name.to_owned(), closest }
}

fn parse_selector(text: &str) -> Result<Selector, Error> {
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
