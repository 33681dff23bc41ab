//! Who may do what.

use serde_json::{Value, json};

/// What a request attempts.
#[derive(Debug, Clone)]
pub(crate) struct Attempt<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    pub(crate) plural: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

/// What is forbidden, whatever roles allow.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// The user; `None` is everybody.
    pub user: Option<String>,
    /// The verb as roles write it, or `*`.
    pub verb: String,
    /// The plural, with a subresource behind a slash (`pods/log`), or `*`.
    pub resource: String,
    /// The namespace; `None` is every one and the whole cluster, empty is the whole cluster only.
    pub namespace: Option<String>,
}

/// Everything that decides about a request.
#[derive(Debug, Default)]
pub(crate) struct Access {
    pub(crate) forbidden: Vec<Rule>,
    grants: Option<Vec<Grant>>,
    pub(crate) unauthorized: bool,
}

/// A rule of a role, where and for whom it is bound.
#[derive(Debug)]
struct Grant {
    rule: Value,
    namespace: Option<String>,
    /// `None` is everybody.
    subjects: Option<Vec<String>>,
}

impl Rule {
    fn is_about(&self, user: &str, asked: &Attempt<'_>) -> bool {
        let resource = resource(asked);
        self.user.as_deref().is_none_or(|name| name == user)
            && (self.verb == "*" || self.verb == asked.verb)
            && (self.resource == "*" || self.resource == resource)
            && self.namespace.as_deref().is_none_or(|namespace| namespace == asked.namespace)
    }
}

impl Access {
    /// Has roles decide: what no role among these documents allows is forbidden.
    pub(crate) fn allow_only(&mut self, documents: &[Value]) {
        let mut grants = Vec::new();
        let of = |kinds: &'static [&str]| {
            documents.iter().filter(move |document| kinds.contains(&text(&document["kind"])))
        };
        for role in of(&["ClusterRole", "Role"]) {
            let own =
                (role["kind"] == "Role").then(|| text(&role["metadata"]["namespace"]).to_owned());
            let bindings: Vec<_> = of(&["ClusterRoleBinding", "RoleBinding"])
                .filter(|binding| binds(binding, role))
                .map(|binding| (place(binding), Some(subjects(binding))))
                .collect();
            let bindings = if bindings.is_empty() { vec![(own, None)] } else { bindings };
            for rule in role["rules"].as_array().into_iter().flatten() {
                grants.extend(bindings.iter().map(|(namespace, subjects)| Grant {
                    rule: rule.clone(),
                    namespace: namespace.clone(),
                    subjects: subjects.clone(),
                }));
            }
        }
        self.grants = Some(grants);
    }

    /// Whether this user may do this.
    pub(crate) fn allows(&self, user: &str, asked: &Attempt<'_>) -> bool {
        !self.forbidden.iter().any(|rule| rule.is_about(user, asked))
            && self
                .grants
                .as_ref()
                .is_none_or(|grants| grants.iter().any(|grant| grant.allows(user, asked)))
    }

    /// The rules that a `SelfSubjectRulesReview` tells of; what is forbidden besides does not show.
    pub(crate) fn rules(&self, user: &str, namespace: &str) -> Vec<Value> {
        match &self.grants {
            None => vec![json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})],
            Some(grants) => grants
                .iter()
                .filter(|grant| grant.holds(user, namespace))
                .map(|grant| grant.rule.clone())
                .collect(),
        }
    }
}

impl Grant {
    fn holds(&self, user: &str, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|own| own == namespace)
            && self.subjects.as_ref().is_none_or(|subjects| subjects.iter().any(|one| one == user))
    }

    fn allows(&self, user: &str, asked: &Attempt<'_>) -> bool {
        let has = |field: &str, wanted: &str| {
            let mut values = self.rule[field].as_array().into_iter().flatten().map(text);
            values.any(|value| value == wanted || value == "*")
        };
        let named = match self.rule["resourceNames"].as_array() {
            Some(names) if !names.is_empty() => names.iter().any(|name| text(name) == asked.name),
            _ => true,
        };
        named
            && self.holds(user, asked.namespace)
            && has("verbs", asked.verb)
            && has("apiGroups", asked.group)
            && has("resources", &resource(asked))
    }
}

fn resource(asked: &Attempt<'_>) -> String {
    match asked.subresource {
        "" => asked.plural.to_owned(),
        sub => format!("{}/{sub}", asked.plural),
    }
}

fn binds(binding: &Value, role: &Value) -> bool {
    let reference = &binding["roleRef"];
    reference["kind"] == role["kind"]
        && reference["name"] == role["metadata"]["name"]
        && (role["kind"] == "ClusterRole"
            || binding["metadata"]["namespace"] == role["metadata"]["namespace"])
}

fn place(binding: &Value) -> Option<String> {
    (binding["kind"] == "RoleBinding").then(|| text(&binding["metadata"]["namespace"]).to_owned())
}

fn subjects(binding: &Value) -> Vec<String> {
    let subjects = binding["subjects"].as_array().into_iter().flatten();
    subjects
        .map(|subject| match text(&subject["kind"]) {
            "ServiceAccount" => {
                let (namespace, name) = (text(&subject["namespace"]), text(&subject["name"]));
                format!("system:serviceaccount:{namespace}:{name}")
            }
            _ => text(&subject["name"]).to_owned(),
        })
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_decide() {
        let role = |kind: &str, name: &str, resource: &str| {
            json!({"kind": kind, "metadata": {"name": name, "namespace": "here"}, "rules": [
                {"apiGroups": [""], "resources": [resource], "verbs": ["get"]},
                {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["istio"], "verbs": ["get"]},
            ]})
        };
        let bound = json!({"kind": "RoleBinding", "metadata": {"name": "b", "namespace": "there"},
            "roleRef": {"kind": "ClusterRole", "name": "bound"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "a", "name": "sa"}]});
        let mut access = Access::default();
        access.allow_only(&[
            role("ClusterRole", "free", "pods"),
            role("Role", "own", "services"),
            role("ClusterRole", "bound", "pods/log"),
            bound,
        ]);
        for (label, user, resource, namespace, name, expected) in [
            ("everywhere", "u", "pods", "any", "p", true),
            ("the whole cluster", "u", "pods", "", "", true),
            ("in its own namespace", "u", "services", "here", "s", true),
            ("a Role elsewhere", "u", "services", "there", "s", false),
            ("not bound to this user", "u", "pods/log", "there", "p", false),
            ("bound", "system:serviceaccount:a:sa", "pods/log", "there", "p", true),
            ("bound elsewhere", "system:serviceaccount:a:sa", "pods/log", "here", "p", false),
            ("by name", "u", "configmaps", "any", "istio", true),
            ("another name", "u", "configmaps", "any", "other", false),
            ("no role", "u", "nodes", "", "n", false),
        ] {
            let (plural, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            let asked = Attempt { verb: "get", group: "", plural, subresource, namespace, name };
            assert_eq!(access.allows(user, &asked), expected, "{label}");
        }
    }

    #[test]
    fn a_rule_forbids() {
        let mut access = Access::default();
        access.forbidden.push(Rule {
            user: Some("u".to_owned()),
            verb: "list".to_owned(),
            resource: "configmaps".to_owned(),
            namespace: None,
        });
        for (label, user, verb, plural, expected) in [
            ("this", "u", "list", "configmaps", false),
            ("another user", "v", "list", "configmaps", true),
            ("another verb", "u", "get", "configmaps", true),
            ("another resource", "u", "list", "pods", true),
        ] {
            let (subresource, namespace, name, group) = ("", "", "", "");
            let asked = Attempt { verb, group, plural, subresource, namespace, name };
            assert_eq!(access.allows(user, &asked), expected, "{label}");
        }
    }
}
