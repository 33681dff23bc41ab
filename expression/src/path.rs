//! Paths: a name and the constant selections on it, such as `request.headers["x-a"]`.

use std::fmt;
use std::ops::Range;

use crate::attribute::{self, Row};

/// A name that an expression looks up, with the selections on it.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    /// The name that the lookup starts with.
    pub(crate) root: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) span: Range<usize>,
    /// Whether it is only asked for by `has()`.
    pub(crate) is_test: bool,
    /// The attribute of Envoy that it leads to, if there is one.
    pub(crate) row: Option<&'static Row>,
}

/// One selection.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) name: String,
    /// Whether it is written `["name"]`.
    pub(crate) is_index: bool,
    /// Where the name stands, quotes and brackets included.
    pub(crate) span: Range<usize>,
}

impl Path {
    /// A path, with the attribute that it leads to.
    pub(crate) fn new(root: String, steps: Vec<Step>, span: Range<usize>, is_test: bool) -> Self {
        let mut path = Self { root, steps, span, is_test, row: None };
        path.row = attribute::find(&path);
        path
    }

    /// The names of the steps that the attribute itself does not take: a header's name, the
    /// namespace and the key of metadata.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let own = self.row.map_or(0, Row::steps);
        self.steps.iter().skip(own).map(|step| step.name.as_str())
    }

    /// Whether two paths look up the same, however they are written.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let names = |path: &Self| path.steps.iter().map(|s| s.name.clone()).collect::<Vec<_>>();
        let is_header = self.row.is_some_and(Row::is_headers);
        self.root == other.root
            && (names(self) == names(other)
                || (is_header
                    && self.steps.len() == other.steps.len()
                    && names(self)
                        .iter()
                        .zip(names(other))
                        .all(|(own, other)| own.eq_ignore_ascii_case(&other))))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root)?;
        for step in &self.steps {
            let mut chars = step.name.chars();
            let starts = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if starts && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
                write!(f, ".{}", step.name)?;
            } else {
                write!(f, "[{:?}]", step.name)?;
            }
        }
        Ok(())
    }
}
