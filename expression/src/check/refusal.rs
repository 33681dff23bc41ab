//! What makes Envoy refuse a configuration, although the expression parses.

use std::ops::Range;

use super::Check;
use crate::finding::{Finding, FindingKind, Refusal};
use crate::function;
use crate::node::{Call, NodeKind};

/// How many expressions Envoy's parser lets stand in one another, and how many nodes of the tree.
const MAX_NESTING: usize = 33;
const MAX_DEPTH: usize = 32;

/// How the names of the messages start that are compiled into Envoy. Which of them there are is
/// not told.
const MESSAGES: &[&str] = &["cel.", "envoy.", "google.", "udpa.", "validate.", "xds."];

impl Check<'_> {
    /// Adds what Envoy refuses.
    pub(super) fn refusals(&mut self) {
        let root = self.tree.root.as_ref();
        let is_deep = root.is_none_or(|root| root.depth > MAX_DEPTH);
        if is_deep || self.tree.nesting > MAX_NESTING {
            self.refuse(Refusal::TooDeep, 0..self.text.len(), None);
        }
        let Some(root) = root else { return };
        root.walk(&mut |node| match &node.kind {
            NodeKind::Comprehension(name, _) => {
                let refusal = Refusal::Comprehension { name: name.clone() };
                self.refuse(refusal, node.span.clone(), None);
            }
            NodeKind::Call(call) => self.call(call),
            NodeKind::Message(name, _) => {
                let own = name.trim_start_matches('.');
                if !MESSAGES.iter().any(|start| own.starts_with(start)) {
                    let refusal = Refusal::Message { name: name.clone() };
                    self.refuse(refusal, node.span.clone(), None);
                }
            }
            _ => {}
        });
    }

    fn refuse(&mut self, refusal: Refusal, span: Range<usize>, instead: Option<String>) {
        let kind = FindingKind::RefusedByEnvoy(refusal);
        self.findings.push(Finding { kind, span, instead });
    }

    fn call(&mut self, call: &Call) {
        let (name, span) = (call.name.clone(), call.name_span.clone());
        if call.function.is_none() {
            let meant = function::closest(&name).filter(|meant| *meant != name);
            let meant = meant.map(str::to_owned);
            let refusal = match function::forms(&name) {
                Some(forms) => Refusal::Arguments { name, forms },
                None => Refusal::UnknownFunction { name },
            };
            self.refuse(refusal, span.clone(), meant);
        }
        let Some(pattern) = &call.pattern else { return };
        let span = call.arguments.last().map_or(span, |argument| argument.span.clone());
        if let Some(reason) = pattern.refusal() {
            let reason = crate::text::clipped(reason);
            self.refuse(Refusal::Pattern { reason }, span, None);
        } else if pattern.is_too_large() {
            self.refuse(Refusal::PatternTooLarge, span, None);
        }
    }
}
