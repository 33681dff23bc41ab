//! Which labels of a workload stay.

use crate::meta::Labels;

/// Labels that name a workload by themselves, the best first.
const NAMES: [&str; 2] = ["app", "app.kubernetes.io/name"];

/// Labels that controllers and injection put on pods, and that differ from one rollout to the next or
/// say nothing of the workload.
const PASSING: [&str; 15] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/job-completion-index",
    "controller-uid",
    "job-name",
    "security.istio.io/tlsMode",
    "service.istio.io/canonical-name",
    "service.istio.io/canonical-revision",
    "sidecar.istio.io/inject",
    "istio.io/rev",
];

/// The fewest labels that select a workload and stay when it is rolled out anew; none if it has none.
///
/// ```
/// let labels = [("app", "cart"), ("version", "v1"), ("pod-template-hash", "5f6")];
/// let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
/// assert_eq!(mesh::stable_labels(&labels), [("app".to_owned(), "cart".to_owned())].into());
/// ```
pub fn stable_labels(labels: &Labels) -> Labels {
    for key in NAMES {
        if let Some(value) = labels.get(key) {
            return Labels::from([(key.to_owned(), value.clone())]);
        }
    }
    let stays = |key: &str| {
        !PASSING.contains(&key) && !key.starts_with("topology.") && key != "kubernetes.io/hostname"
    };
    let stable = labels.iter().filter(|(key, _)| stays(key));
    stable.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The name that a workload's labels give it; `None` where no label names it.
pub fn name_of(labels: &Labels) -> Option<&str> {
    NAMES.iter().find_map(|key| labels.get(*key)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_stay_are_chosen() {
        for (name, labels, stable) in [
            ("app alone", "app=cart,version=v1,pod-template-hash=1", "app=cart"),
            (
                "the recommended label",
                "app.kubernetes.io/name=cart,tier=web",
                "app.kubernetes.io/name=cart",
            ),
            ("app before the recommended label", "app=a,app.kubernetes.io/name=b", "app=a"),
            ("all that stay", "tier=web,run=cart,pod-template-hash=1", "run=cart,tier=web"),
            ("none", "pod-template-hash=1,istio.io/rev=x", ""),
        ] {
            let parse = |text: &str| -> Labels {
                let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
                pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
            };
            assert_eq!(stable_labels(&parse(labels)), parse(stable), "{name}");
        }
    }
}
