//! Discovery: which groups, versions and kinds there are.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kinds::{KINDS, Kind, api_version};
use super::openapi;
use super::route::Answer;

const VERBS: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];

/// The answer for a path of discovery, without the groups that are missing.
pub(crate) fn answer(segments: &[&str], missing: &BTreeSet<String>) -> Option<Answer> {
    let groups = groups(missing);
    let document = match segments {
        ["healthz" | "livez" | "readyz", ..] => return Some(Answer::Text("ok")),
        ["openapi", "v2"] => return Some(Answer::OpenApi(openapi::document())),
        ["version"] => version(),
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [],
        }),
        ["apis"] => {
            let groups: Vec<_> = groups.iter().map(|group| described(group)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", group] if groups.contains(group) => {
            let mut group = described(group);
            group["kind"] = "APIGroup".into();
            group["apiVersion"] = "v1".into();
            group
        }
        ["api", version @ "v1"] => resources("", version)?,
        ["apis", group, version] if groups.contains(group) => resources(group, version)?,
        _ => return None,
    };
    Some(Answer::Document(200, document))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "31", "gitVersion": "v1.31.0", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2024-08-13T07:28:49Z", "goVersion": "go1.22.5", "compiler": "gc",
        "platform": "linux/amd64",
    })
}

fn groups(missing: &BTreeSet<String>) -> Vec<&'static str> {
    let mut groups = Vec::new();
    for kind in KINDS {
        if !kind.group.is_empty() && !groups.contains(&kind.group) && !missing.contains(kind.group)
        {
            groups.push(kind.group);
        }
    }
    groups
}

fn described(group: &str) -> Value {
    let mut versions: Vec<&str> = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.group == group) {
        for version in kind.versions {
            if !versions.contains(version) {
                versions.push(version);
            }
        }
    }
    let one =
        |version: &&str| json!({"groupVersion": api_version(group, version), "version": version});
    json!({
        "name": group,
        "versions": versions.iter().map(one).collect::<Vec<_>>(),
        "preferredVersion": versions.first().map(one),
    })
}

fn resources(group: &str, version: &str) -> Option<Value> {
    let mut resources = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.group == group && kind.versions.contains(&version))
    {
        resources.push(resource(kind));
        if kind.kind == "Pod" {
            resources.push(json!({
                "name": "pods/log", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": ["get"],
            }));
        }
    }
    (!resources.is_empty()).then(|| {
        json!({
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": api_version(group, version), "resources": resources,
        })
    })
}

fn resource(kind: &Kind) -> Value {
    json!({
        "name": kind.plural, "singularName": kind.kind.to_lowercase(), "namespaced": kind.namespaced,
        "kind": kind.kind, "verbs": VERBS, "shortNames": kind.short,
    })
}
