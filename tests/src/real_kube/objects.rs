//! Objects of the real API server: the node, Istio's definitions, and what a test wants there.

use serde_json::{Value, json};

use super::{NODE, PATIENCE, RealKube};
use crate::kube::kinds::{self, KINDS};

/// Where the objects of a kind are: the path before a namespace, its plural, whether it has namespaces.
struct Place {
    root: String,
    plural: String,
    namespaced: bool,
}

impl Place {
    fn of(api_version: &str, kind: &str) -> Self {
        let known = kinds::of_manifest(api_version, kind).map(|(kind, _)| kind);
        let plural = known
            .map_or_else(|| format!("{}s", kind.to_lowercase()), |kind| kind.plural.to_owned());
        // Of the kinds that the test server does not have, roles and their bindings are used.
        let namespaced = known.map_or_else(|| !kind.starts_with("Cluster"), |kind| kind.namespaced);
        let api = if api_version.contains('/') { "apis" } else { "api" };
        Self { root: format!("/{api}/{api_version}"), plural, namespaced }
    }

    fn collection(&self, namespace: &str) -> String {
        if self.namespaced {
            format!("{}/namespaces/{namespace}/{}", self.root, self.plural)
        } else {
            format!("{}/{}", self.root, self.plural)
        }
    }
}

impl RealKube {
    /// Creates or replaces the objects of these documents, YAML or JSON, with their status.
    ///
    /// Their namespaces are made where they are missing. Pods are made known to the kubelet, too.
    pub fn apply(&self, documents: &str) {
        for document in serde_saphyr::from_multiple::<Value>(documents).unwrap() {
            self.apply_object(document);
        }
    }

    fn apply_object(&self, mut object: Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (api_version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
        let place = Place::of(&api_version, &kind);
        let (namespace, name) =
            (text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]));
        if place.namespaced {
            self.ensure_namespace(&namespace);
        }
        if kind == "Pod" {
            self.kubelet.apply_object(object.clone());
        }
        let collection = place.collection(&namespace);
        let created = self.request("POST", &collection, Some(&object)).unwrap();
        let path = format!("{collection}/{name}");
        match created.status {
            201 => {}
            409 => {
                let before = self.must("GET", &path, None);
                object["metadata"]["resourceVersion"] =
                    before["metadata"]["resourceVersion"].clone();
                self.must("PUT", &path, Some(&object));
            }
            status => panic!("POST {collection}: {status} {}", created.body),
        }
        if object["status"].is_object() {
            self.put_status(&path, &object["status"]);
        }
    }

    fn put_status(&self, path: &str, status: &Value) {
        let mut object = self.must("GET", path, None);
        object["status"] = status.clone();
        self.must("PUT", &format!("{path}/status"), Some(&object));
    }

    /// Deletes an object. A pod is deleted as with a kubelet: it is marked, its containers end and with
    /// them their logs, then it is gone.
    pub fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        let path = format!("{}/{name}", Place::of(api_version, kind).collection(namespace));
        self.must("DELETE", &path, None);
        if kind == "Pod" {
            self.kubelet.delete("Pod", namespace, name);
            let now = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0});
            self.must("DELETE", &path, Some(&now));
        }
    }

    /// The objects of a kind in a namespace.
    pub fn list(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<Value> {
        let mut list = self.must("GET", &Place::of(api_version, kind).collection(namespace), None);
        serde_json::from_value(list["items"].take()).unwrap()
    }

    /// Restarts a container: the kubelet begins a new log, and then reports the pod's status.
    ///
    /// In this order, as the node knows of a restart before the API server does.
    pub fn restart(&self, namespace: &str, pod: &str, container: &str) {
        let log = self.kubelet.log(namespace, pod, container);
        log.begin_anew();
        log.tell_restart();
        let known = self.kubelet.object("Pod", namespace, pod).unwrap();
        self.put_status(&format!("/api/v1/namespaces/{namespace}/pods/{pod}"), &known["status"]);
    }

    /// A token of a service account, which is made where it is missing.
    pub fn service_account_token(&self, namespace: &str, name: &str) -> String {
        self.apply(&format!(
            "{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {name}, namespace: {namespace}}}}}"
        ));
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let wanted = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {},
        });
        let made = self.must("POST", &path, Some(&wanted));
        made["status"]["token"].as_str().unwrap().to_owned()
    }

    fn ensure_namespace(&self, name: &str) {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let created = self.request("POST", "/api/v1/namespaces", Some(&namespace)).unwrap();
        assert!([201, 409].contains(&created.status), "{}", created.body);
    }

    /// The only node, whose kubelet is ours.
    pub(super) fn add_node(&self) {
        self.apply_object(json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE},
            "status": {
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": self.kubelet.address().port()}},
            },
        }));
    }

    /// Defines Istio's and the Gateway API's kinds, without schemas, and waits until they are served.
    pub(super) fn define_kinds(&self) {
        let kinds = KINDS
            .iter()
            .filter(|kind| kind.group.contains("istio") || kind.group.starts_with("gateway."));
        for kind in kinds.clone() {
            let schema = json!({"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }});
            let versions = kind.versions.iter().enumerate().map(|(at, version)| {
                json!({"name": version, "served": true, "storage": at == 0, "schema": schema})
            });
            self.apply_object(json!({
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {
                    "name": format!("{}.{}", kind.plural, kind.group),
                    // Of a `k8s.io` group it is asked who has approved it.
                    "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
                },
                "spec": {
                    "group": kind.group,
                    "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
                    "names": {
                        "kind": kind.kind,
                        "plural": kind.plural,
                        "singular": kind.kind.to_lowercase(),
                    },
                    "versions": versions.collect::<Vec<_>>(),
                },
            }));
        }
        let begun = std::time::Instant::now();
        for kind in kinds {
            for version in kind.versions {
                let path = format!("/apis/{}/{version}/{}", kind.group, kind.plural);
                while self.request("GET", &path, None).is_none_or(|answer| answer.status != 200) {
                    assert!(begun.elapsed() < PATIENCE, "{path} is not served");
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
            }
        }
    }
}
