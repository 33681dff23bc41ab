//! Filters: expressions bound to a log format, and their verdict on records.

mod quick;

use std::ops::Range;
use std::sync::Arc;

use accesslog::{Format, Record};

use crate::attribute::Target;
use crate::bind::{self, Printed, Source};
use crate::eval::{self, Lookup};
use crate::node::Tree;
use crate::path::Path;
use crate::value::{Outcome, Truth};
use quick::Quick;

/// An expression bound to a log format: it tells which records Envoy would have logged.
///
/// Made by [`Expression::bind`](crate::Expression::bind).
#[derive(Debug, Clone)]
pub struct Filter {
    tree: Arc<Tree>,
    /// The source of each path of the tree.
    sources: Vec<Source>,
    /// The same as the tree, where that is simple and values are.
    quick: Option<Quick>,
    missing: Vec<MissingAttribute>,
    approximations: Vec<Approximation>,
}

/// What a filter says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Envoy logs it.
    Kept,
    /// Envoy does not log it.
    LeftOut,
    /// The record does not hold what is needed to tell.
    CannotTell,
}

/// An attribute of an expression that a format does not carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingAttribute {
    path: String,
    span: Range<usize>,
    operators: Vec<String>,
}

/// An attribute that is read from something only nearly the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approximation {
    path: String,
    span: Range<usize>,
    why: &'static str,
}

impl MissingAttribute {
    /// The attribute: `request.headers["x-a"]`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where it stands in the expression, in bytes.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The command operators that a format needs to carry it, all of them.
    pub fn operators(&self) -> &[String] {
        &self.operators
    }
}

impl Approximation {
    /// The attribute.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where it stands in the expression, in bytes.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is read in its place, as the end of a sentence that names the attribute.
    pub fn why(&self) -> &'static str {
        self.why
    }
}

impl Filter {
    pub(crate) fn new(tree: Arc<Tree>, format: &Format) -> Self {
        let printed = Printed::of(format);
        let mut filter = Self {
            sources: Vec::with_capacity(tree.paths.len()),
            tree: Arc::clone(&tree),
            quick: None,
            missing: Vec::new(),
            approximations: Vec::new(),
        };
        for path in &tree.paths {
            let (source, near) = bind::bind(path, format, &printed);
            let is_whole = path.target() == Target::Whole && !path.is_test;
            if matches!(source, Source::NotCarried) || is_whole {
                filter.add_missing(path);
            }
            if let Some(why) = near {
                filter.add_approximation(path, why);
            }
            filter.sources.push(source);
        }
        filter.quick = tree.root.as_ref().and_then(|root| Quick::new(root, &filter.sources));
        filter
    }

    fn add_missing(&mut self, path: &Path) {
        let name = path.to_string();
        if self.missing.iter().all(|missing| missing.path != name) {
            let (span, operators) = (path.span.clone(), bind::operators(path));
            self.missing.push(MissingAttribute { path: name, span, operators });
        }
    }

    fn add_approximation(&mut self, path: &Path, why: &'static str) {
        let name = path.to_string();
        if self.approximations.iter().all(|near| near.path != name) {
            self.approximations.push(Approximation { path: name, span: path.span.clone(), why });
        }
    }

    /// The attributes that the format does not carry, in the order of the expression.
    pub fn missing(&self) -> &[MissingAttribute] {
        &self.missing
    }

    /// The attributes that are read from something only nearly the same.
    pub fn approximations(&self) -> &[Approximation] {
        &self.approximations
    }

    /// Whether Envoy would have logged a record of the format that the filter is bound to.
    ///
    /// What an operator prints as absent counts as missing. A text log prints a value of just `-`
    /// in the same way, and with `omit_empty_values` an empty one; neither can be told apart.
    pub fn judge(&self, record: &Record<'_>) -> Verdict {
        match self.quick.as_ref().and_then(|quick| quick.judge(record)) {
            Some(true) => Verdict::Kept,
            Some(false) => Verdict::LeftOut,
            None => self.judge_by_tree(record),
        }
    }

    fn judge_by_tree(&self, record: &Record<'_>) -> Verdict {
        let Some(root) = &self.tree.root else {
            return Verdict::CannotTell;
        };
        let truth = eval::eval(root, &Bound { sources: &self.sources, record }).as_truth();
        match truth.may_be(Truth::TRUE) {
            true if truth == Truth::TRUE => Verdict::Kept,
            true => Verdict::CannotTell,
            false => Verdict::LeftOut,
        }
    }
}

/// The sources of a filter's paths, at one record.
struct Bound<'f, 'r> {
    sources: &'f [Source],
    record: &'f Record<'r>,
}

impl<'v, 'r: 'v> Lookup<'v> for Bound<'_, 'r> {
    fn value(&self, path: usize) -> Outcome<'v> {
        self.sources.get(path).map_or(Outcome::Unknown, |source| source.value(self.record))
    }

    fn has(&self, path: usize) -> Truth {
        self.sources.get(path).map_or(Truth::ANY, |source| source.has(self.record))
    }
}

#[cfg(test)]
mod tests;
