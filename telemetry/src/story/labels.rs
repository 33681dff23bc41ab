//! The labels by which a workload can be told from others, and stay told from them.

use mesh::Labels;

use crate::attach::{GATEWAY_NAME, Target};

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
pub(super) fn stable(labels: &Labels) -> Labels {
    for name in NAMES {
        if let Some(value) = labels.get(name) {
            return Labels::from([(name.to_owned(), value.clone())]);
        }
    }
    let stays = |key: &str| !PASSING.contains(&key) && !key.starts_with("topology.");
    let stable = labels.iter().filter(|(key, _)| stays(key));
    stable.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A name for an object about a proxy.
pub(super) fn name(target: &Target<'_>) -> String {
    let service = target.service.map(|service| service.name.as_str());
    let gateway = || target.labels.get(GATEWAY_NAME).map(String::as_str);
    let label = || NAMES.iter().find_map(|name| target.labels.get(*name)).map(String::as_str);
    let of = service.or_else(gateway).or_else(label).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let of: String = of.chars().take(200).map(plain).collect();
    match of.trim_matches('-') {
        "" => "access-log".to_owned(),
        of => format!("{of}-access-log"),
    }
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
            assert_eq!(super::stable(&parse(labels)), parse(stable), "{name}");
        }
    }
}
