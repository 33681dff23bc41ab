//! Names that Envoy does not know.

use super::Check;
use crate::attribute::{self, ATTRIBUTES, Content, ROOTS, Target};
use crate::finding::{Finding, FindingKind, NeverTrue};
use crate::node::Type;
use crate::path::Path;

/// Names of other worlds, with what they are called in Envoy's.
const ELSEWHERE: &[(&str, &str)] = &[
    ("cluster_name", "xds.cluster_name"),
    ("listener_direction", "xds.listener_direction"),
    ("node", "xds.node"),
    ("route_name", "xds.route_name"),
    ("upstream_cluster", "xds.cluster_name"),
];

impl Check<'_> {
    /// Adds the names that lead nowhere.
    pub(super) fn names(&mut self) {
        for path in &self.tree.paths {
            let (kind, instead) = match path.target() {
                Target::Value | Target::Whole => continue,
                Target::UnknownRoot => {
                    let name = path.root.clone();
                    let kind = FindingKind::NeverTrue(NeverTrue::UnknownName { name });
                    (kind, self.known_name(path))
                }
                Target::UnknownField => {
                    let kind = FindingKind::UnknownAttribute { path: path.to_string() };
                    (kind, self.known_field(path))
                }
                Target::FieldOfValue => {
                    let found = match path.row.map(|row| row.content) {
                        Some(Content::Value(of)) => of.as_str(),
                        _ => Type::Text.as_str(),
                    };
                    (FindingKind::NeverTrue(NeverTrue::FieldOfValue { found }), None)
                }
            };
            self.findings.push(Finding { kind, span: path.span.clone(), instead });
        }
    }

    /// The path with another name in place of its root.
    fn known_name(&self, path: &Path) -> Option<String> {
        let end = path.steps.first().map_or(path.span.end, |step| step.span.start);
        let before_steps = self.part(path.span.start..end).trim_end_matches(['.', ' ']).len();
        let rest = self.part(path.span.start + before_steps..path.span.end);
        if path.steps.is_empty() {
            let lower = path.root.to_ascii_lowercase();
            if matches!(lower.as_str(), "true" | "false") {
                return Some(lower);
            }
            if path.root.starts_with("istio_") {
                return Some(format!("filter_state[\"wasm.{}\"]", path.root));
            }
        }
        let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == path.root).map(|found| found.1);
        let own = || {
            let is_field = |full: &&str| full.split_once('.').is_some_and(|f| f.1 == path.root);
            ATTRIBUTES.iter().map(|row| row.path).find(is_field)
        };
        let root = || attribute::closest(&path.root, ROOTS.iter().copied());
        let name = elsewhere.or_else(root).or_else(own)?;
        Some(format!("{name}{rest}"))
    }

    /// The path with another name in place of the step that leads nowhere.
    fn known_field(&self, path: &Path) -> Option<String> {
        let mut prefix = path.root.clone();
        let wrong = path.steps.iter().find(|step| {
            let known = attribute::fields(&prefix).any(|field| field == step.name);
            if known {
                prefix = format!("{prefix}.{}", step.name);
            }
            !known
        })?;
        let name = attribute::closest(&wrong.name, attribute::fields(&prefix))?;
        let before = self.part(path.span.start..wrong.span.start);
        let before = if wrong.is_index { format!("{before}.") } else { before.to_owned() };
        let after = self.part(wrong.span.end..path.span.end);
        (!path.is_test || !wrong.is_index).then(|| format!("{before}{name}{after}"))
    }
}
