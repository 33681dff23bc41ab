//! Why nothing is turned on.

use std::fmt;

use expression::{Finding, SyntaxError};
use jiff::Timestamp;
use mesh::{Workload, WorkloadKind};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::decide::clip;

/// Why nothing is turned on.
///
/// It serialises to an object with `code`, `message` and `instead`. Its `Display` is the message;
/// [`Refusal::instead`] is what to do, and both may hold text of the cluster as it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// No workload was chosen.
    NothingChosen,
    /// Workloads have no Envoy: each by name, with the reason.
    NoProxy(Vec<(String, String)>),
    /// The filter is no CEL expression; the API server refuses it.
    Syntax(SyntaxError),
    /// Envoy refuses the filter, or it keeps nothing; what is wrong with it, the most severe first.
    Filter(Vec<Finding>),
    /// The istiod of a workload looks at no Telemetry in a namespace.
    Hidden {
        /// The namespace.
        namespace: String,
    },
    /// No selector reaches the chosen workloads without others.
    SharedLabels {
        /// The chosen workloads.
        workloads: Vec<String>,
        /// The others, which would log too; none where the chosen have no labels to go by.
        others: Vec<String>,
        /// What to choose.
        choose: Option<String>,
    },
    /// An object for the workload is there already. Of two, istiod may apply to one pod what is meant
    /// for another.
    OtherObject {
        /// The workload.
        workload: String,
        /// The object as `namespace/name`.
        object: String,
        /// When it expires, where it was made here.
        expires: Option<Timestamp>,
        /// The object with what was asked for, in YAML; `None` where it was made here.
        change: Option<String>,
    },
    /// No provider of the mesh writes to the container's log.
    NoProvider {
        /// Where the MeshConfig is from.
        mesh_config: String,
        /// What to add to it, in YAML.
        snippet: String,
    },
    /// A logger would be dropped that a workload has now.
    WouldDrop {
        /// The workload.
        workload: String,
        /// The logger, in words.
        logger: String,
    },
    /// The filter that is there and the one that was asked for do not go into one.
    FiltersDoNotJoin {
        /// The filter that is there.
        filter: String,
        /// Why not.
        because: String,
    },
    /// A chosen workload would not log all the same.
    WouldNotLog {
        /// The workload.
        workload: String,
        /// The side, `client` or `server`.
        side: &'static str,
        /// What decides.
        because: String,
    },
    /// A workload that was not chosen would log something else than now.
    WouldChange {
        /// The workload.
        workload: String,
    },
    /// An API server would refuse the object.
    NotAccepted {
        /// The field.
        field: String,
        /// What is wrong.
        message: String,
    },
}

impl Refusal {
    /// The code as it is printed, such as `shared_labels`; it stays what it is.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingChosen => "nothing_chosen",
            Self::NoProxy(_) => "no_proxy",
            Self::Syntax(_) => "filter_syntax",
            Self::Filter(_) => "filter",
            Self::Hidden { .. } => "hidden_namespace",
            Self::SharedLabels { .. } => "shared_labels",
            Self::OtherObject { .. } => "other_object",
            Self::NoProvider { .. } => "no_provider",
            Self::WouldDrop { .. } => "would_drop",
            Self::FiltersDoNotJoin { .. } => "filters_do_not_join",
            Self::WouldNotLog { .. } => "would_not_log",
            Self::WouldChange { .. } => "would_change",
            Self::NotAccepted { .. } => "not_accepted",
        }
    }

    /// What to do, where that is known; it may have lines of YAML.
    pub fn instead(&self) -> Option<String> {
        match self {
            Self::Filter(findings) => {
                findings.iter().find_map(|it| it.instead()).map(|it| format!("write `{it}`"))
            }
            Self::Syntax(error) => error.suggestion().map(|it| format!("write `{it}`")),
            Self::SharedLabels { choose, .. } => {
                choose.as_ref().map(|choose| format!("choose {choose}"))
            }
            Self::OtherObject { change: Some(change), .. } => {
                Some(format!("change that object to:\n{change}"))
            }
            Self::OtherObject { object, expires: Some(_), .. } => {
                Some(format!("remove {object}, or wait until it expires"))
            }
            Self::NoProvider { mesh_config, snippet } => {
                Some(format!("add to {mesh_config}:\n{snippet}"))
            }
            Self::WouldDrop { .. } => Some(
                "add a provider with the same path and format to MeshConfig's extensionProviders, \
                 which can be named beside"
                    .to_owned(),
            ),
            Self::Hidden { namespace } => Some(format!(
                "label the namespace `{namespace}` as MeshConfig's discoverySelectors ask"
            )),
            _ => None,
        }
    }

    pub(super) fn shared_labels(chosen: &[&Workload], others: &[&Workload]) -> Self {
        let names = |list: &[&Workload]| list.iter().map(|it| qualified(it)).collect();
        let workload = |it: &&Workload| it.controller.clone();
        let controller = chosen.first().and_then(workload);
        let all_of_one = !others.is_empty()
            && controller.is_some()
            && chosen.iter().chain(others).all(|it| workload(it) == controller);
        let choose = match (controller, chosen.first()) {
            (Some(name), Some(pod)) if all_of_one => {
                Some(format!("all of {}", prefixed(pod, &name)))
            }
            _ if others.is_empty() => None,
            _ => Some("these too".to_owned()),
        };
        Self::SharedLabels { workloads: names(chosen), others: names(others), choose }
    }
}

/// A controller as kubectl takes it, as far as a pod's labels tell its kind.
fn prefixed(pod: &Workload, name: &str) -> String {
    let kind = match () {
        () if pod.labels.contains_key("pod-template-hash") => WorkloadKind::Deployment.prefix(),
        () if pod.labels.contains_key("statefulset.kubernetes.io/pod-name") => {
            WorkloadKind::StatefulSet.prefix()
        }
        () => None,
    };
    kind.map_or_else(|| format!("`{name}`"), |kind| format!("{kind}/{name}"))
}

/// A workload as `namespace/name`, its kind before the name where it is no pod.
pub(super) fn qualified(workload: &Workload) -> String {
    format!("{}/{}", workload.meta.namespace, workload.display_name())
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingChosen => f.write_str("no workload was chosen"),
            Self::NoProxy(found) => {
                let each = found.iter().map(|(workload, reason)| format!("{workload}: {reason}"));
                write!(f, "no Envoy to log: {}", clip(&each.collect::<Vec<_>>()))
            }
            Self::Syntax(error) => write!(f, "the filter is no CEL expression: {error}"),
            Self::Filter(findings) => {
                let all: Vec<String> = findings.iter().map(Finding::to_string).collect();
                write!(f, "the filter: {}", clip(&all))
            }
            Self::Hidden { namespace } => write!(
                f,
                "MeshConfig's discoverySelectors do not select the namespace `{namespace}`, so that \
                 no Telemetry in it counts"
            ),
            Self::SharedLabels { workloads, others, .. } if others.is_empty() => {
                write!(f, "there is no label that a selector can go by on {}", clip(workloads))
            }
            Self::SharedLabels { workloads, others, .. } => write!(
                f,
                "no selector tells {} from {}, which would log too",
                clip(workloads),
                clip(others)
            ),
            Self::OtherObject { workload, object, expires: Some(expires), .. } => write!(
                f,
                "{object} turns logging on for {workload} already, in another way, until {expires}"
            ),
            Self::OtherObject { workload, object, .. } => write!(
                f,
                "Telemetry {object} is for {workload} already, and of two istiod may apply to one \
                 pod what is meant for another"
            ),
            Self::NoProvider { .. } => {
                f.write_str("no provider of the mesh writes to the container's log")
            }
            Self::WouldDrop { workload, logger } => {
                write!(f, "{workload} would no longer log to {logger}, which has no provider")
            }
            Self::FiltersDoNotJoin { filter, because } => {
                write!(f, "the filter cannot be joined with `{filter}`, which is there: {because}")
            }
            Self::WouldNotLog { workload, side, because } => {
                write!(f, "the {side} side of {workload} would not log as asked: {because}")
            }
            Self::WouldChange { workload } => {
                write!(f, "{workload}, which was not chosen, would log something else than now")
            }
            Self::NotAccepted { field, message } => {
                write!(f, "an API server would refuse the object: {field}: {message}")
            }
        }
    }
}

impl std::error::Error for Refusal {}

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("refusal", 3)?;
        out.serialize_field("code", self.code())?;
        out.serialize_field("message", &self.to_string())?;
        out.serialize_field("instead", &self.instead())?;
        out.end()
    }
}
