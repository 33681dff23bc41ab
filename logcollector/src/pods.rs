//! Pods: whose lines an input holds, told by its name, by an option or by the lines themselves.

use std::path::Path;

/// How the names of controllers begin, as kubectl shortens their kinds and `telemetry who` prints them.
const CONTROLLERS: [&str; 5] = ["deploy", "sts", "ds", "job", "cronjob"];

/// A pod, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodName {
    /// Its namespace; kubectl's prefixes do not tell it.
    pub(crate) namespace: Option<String>,
    /// Its name.
    pub(crate) name: String,
}

impl PodName {
    /// Reads `[NAMESPACE/]NAME`, where the name may be that of a controller, such as `deploy/NAME`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (namespace, name) = match parts.as_slice() {
            [name] => (None, (*name).to_owned()),
            [kind, name] if CONTROLLERS.contains(kind) => (None, format!("{kind}/{name}")),
            [namespace, name] => (Some(*namespace), (*name).to_owned()),
            [namespace, kind, name] if CONTROLLERS.contains(kind) => {
                (Some(*namespace), format!("{kind}/{name}"))
            }
            _ => (None, String::new()),
        };
        if name.is_empty() || parts.contains(&"") {
            return Err("expected a pod as NAME or NAMESPACE/NAME, or deploy/NAME".to_owned());
        }
        Ok(Self { namespace: namespace.map(str::to_owned), name })
    }

    /// The controllers that may have made the pod, by its name: `deploy/NAME` and the like.
    pub(crate) fn controllers(&self) -> impl Iterator<Item = String> + use<> {
        let once = self.name.rsplit_once('-');
        let twice = once.and_then(|(rest, _)| rest.rsplit_once('-'));
        let named = |kinds: &[&str], split: Option<(&str, &str)>| {
            let name = split.map(|(name, _)| name);
            let names = name.map(|name| kinds.iter().map(move |kind| format!("{kind}/{name}")));
            names.into_iter().flatten().collect::<Vec<_>>()
        };
        let of_two = named(&["deploy", "cronjob"], twice);
        of_two.into_iter().chain(named(&["sts", "ds", "job"], once))
    }

    /// The pod whose log file this is, by the kubelet's and the runtimes' naming:
    /// `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log`, or
    /// `/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log`.
    pub(crate) fn of_file(path: &Path) -> Option<Self> {
        let part = |path: Option<&Path>| Some(path?.file_name()?.to_str()?.to_owned());
        let folder = part(path.parent().and_then(Path::parent));
        let pod = |namespace: &str, name: &str| Self {
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        };
        if let Some([namespace, name, _uid]) = folder.as_deref().and_then(three) {
            return Some(pod(namespace, name));
        }
        let file = part(Some(path))?;
        let [name, namespace, _container] = three(file.strip_suffix(".log")?)?;
        Some(pod(namespace, name))
    }
}

/// The three parts of a name joined by `_`, which Kubernetes allows in none of them.
fn three(text: &str) -> Option<[&str; 3]> {
    let mut parts = text.split('_');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    (parts.next().is_none() && three.iter().all(|part| !part.is_empty())).then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_by_the_names_of_their_pods() {
        let names = |name| PodName::parse(name).unwrap().controllers().collect::<Vec<_>>();
        assert!(names("reviews-v1-5c4d6d447c-qwmbv").contains(&"deploy/reviews-v1".to_owned()));
        assert!(names("db-0").contains(&"sts/db".to_owned()));
        assert!(names("agent-7xk2p").contains(&"ds/agent".to_owned()));
        assert!(names("report-29384720-8wq2n").contains(&"cronjob/report".to_owned()));
        assert!(names("alone").is_empty());
    }

    #[test]
    fn pods_of_files_and_options() {
        let cases = [
            (
                "/var/log/pods/bookinfo_reviews-v1-x_2f6d3c1e-0a/istio-proxy/0.log",
                Some("bookinfo/reviews-v1-x"),
            ),
            (
                "pods/bookinfo_reviews-v1-x_2f6d/istio-proxy/0.log.20261120.gz",
                Some("bookinfo/reviews-v1-x"),
            ),
            (
                "/var/log/containers/reviews-v1-x_bookinfo_istio-proxy-4f2a.log",
                Some("bookinfo/reviews-v1-x"),
            ),
            ("access.log", None),
            ("a_b.log", None),
            ("a_b_c_d.log", None),
            ("__x.log", None),
        ];
        for (path, expected) in cases {
            let expected = expected.map(|text| PodName::parse(text).unwrap());
            assert_eq!(PodName::of_file(Path::new(path)), expected, "{path}");
        }
        for text in
            ["", "/", "a/", "/b", "a/b/c", "deploy/", "a/deploy/", "/deploy/b", "a/deploy/b/c"]
        {
            assert!(PodName::parse(text).is_err(), "{text}");
        }
        assert_eq!(PodName::parse("b").unwrap().namespace, None);
        for (text, namespace) in [("deploy/b", None), ("a/deploy/b", Some("a"))] {
            let pod = PodName::parse(text).unwrap();
            assert_eq!((pod.namespace.as_deref(), pod.name.as_str()), (namespace, "deploy/b"));
        }
    }
}
