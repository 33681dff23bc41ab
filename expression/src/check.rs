//! Checks: everything that can be wrong with an expression that parses.

mod name;
mod range;
mod refusal;
mod types;

use crate::attribute::{Content, Protocol, Target};
use crate::bind::Source;
use crate::eval::{self, Lookup};
use crate::finding::{Finding, FindingKind, NeverTrue};
use crate::node::{Node, Tree};
use crate::path::Path;
use crate::value::{Outcome, Truth};

/// Everything that is wrong, most severe first, and in the order of the text.
pub(crate) fn findings(tree: &Tree, text: &str) -> Vec<Finding> {
    let mut check = Check { tree, text, findings: Vec::new() };
    check.refusals();
    if let Some(root) = &tree.root {
        check.names();
        check.types(root);
        check.outcome(root);
    }
    let mut findings = check.findings;
    findings.sort_by_key(|f| (f.severity(), !f.is_refused_by_envoy(), f.span.start));
    findings.dedup();
    findings
}

/// The checks, and what they have found.
struct Check<'t> {
    tree: &'t Tree,
    text: &'t str,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn add(&mut self, kind: FindingKind, node: &Node, instead: Option<String>) {
        self.findings.push(Finding { kind, span: node.span.clone(), instead });
    }

    /// The text of a part of the expression.
    fn part(&self, span: std::ops::Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }

    /// What the whole expression comes to, on any traffic and on TCP.
    fn outcome(&mut self, root: &Node) {
        let any = Traffic { tree: self.tree, is_tcp: false };
        if !eval::eval(root, &any).as_truth().may_be(Truth::TRUE) {
            let is_cause = |f: &Finding| matches!(f.kind, FindingKind::NeverTrue(_));
            if !self.findings.iter().any(is_cause) {
                self.add(FindingKind::NeverTrue(NeverTrue::Constant), root, None);
            }
            return;
        }
        let tcp = Traffic { tree: self.tree, is_tcp: true };
        let mut http = self.tree.paths.iter().filter(|path| is_http_only(path));
        let is_guarded = http.clone().any(|path| path.is_test);
        let Some(path) = http.next() else { return };
        if !is_guarded && !eval::eval(root, &tcp).as_truth().may_be(Truth::TRUE) {
            let path = path.to_string();
            let instead = format!("!has({path}) || {}", self.in_parentheses(root));
            // A header's name may not be one that `has()` takes.
            let instead = crate::syntax::parse(&instead).is_ok().then_some(instead);
            self.add(FindingKind::HttpOnly { path }, root, instead);
        }
    }

    fn in_parentheses(&self, node: &Node) -> String {
        let text = self.part(node.span.clone());
        match node.kind {
            crate::node::NodeKind::And(_) | crate::node::NodeKind::Condition(_) => {
                format!("({text})")
            }
            _ => text.to_owned(),
        }
    }
}

/// Whether TCP has no value at a path.
fn is_http_only(path: &Path) -> bool {
    let Some(row) = path.row else { return false };
    let is_header = row.content == Content::Headers && path.target() == Target::Value;
    is_header || row.protocol == Protocol::Http
}

/// Traffic of which nothing is known but what every record has in common.
struct Traffic<'t> {
    tree: &'t Tree,
    is_tcp: bool,
}

impl Traffic<'_> {
    fn source(&self, path: usize) -> Option<Source> {
        let path = self.tree.paths.get(path)?;
        match path.target() {
            Target::Value if self.is_tcp && is_http_only(path) => Some(Source::missing()),
            Target::Value => None,
            target => Some(Source::fixed(path, target)),
        }
    }
}

impl<'v> Lookup<'v> for Traffic<'_> {
    fn value(&self, path: usize) -> Outcome<'v> {
        self.source(path).and_then(|source| source.fixed_value()).unwrap_or(Outcome::Unknown)
    }

    fn has(&self, path: usize) -> Truth {
        self.source(path).and_then(|source| source.fixed_has()).unwrap_or(Truth::ANY)
    }
}

#[cfg(test)]
mod tests;
