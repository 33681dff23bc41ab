//! Parsed expressions.

use std::ops::Range;
use std::sync::Arc;

use accesslog::Format;

use crate::attribute::{ATTRIBUTES, Protocol, Row, Target};
use crate::check;
use crate::filter::Filter;
use crate::finding::Finding;
use crate::node::Tree;
use crate::path::Path;
use crate::syntax::{self, SyntaxError};

/// A filter expression, parsed.
///
/// Follows <https://www.envoyproxy.io/docs/envoy/v1.40.0/intro/arch_overview/advanced/attributes>.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    tree: Arc<Tree>,
}

/// A name that an expression looks up.
#[derive(Debug, Clone, Copy)]
pub struct AttributePath<'e>(&'e Path);

impl Expression {
    /// Parses a text as Istio's admission webhook does: attributes, types and functions are not
    /// looked at.
    ///
    /// # Errors
    ///
    /// When the text is no CEL expression.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let tree = syntax::parse(text)?;
        Ok(Self { text: text.to_owned(), tree: Arc::new(tree) })
    }

    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong although the text parses, most severe first.
    ///
    /// ```
    /// let expression = expression::Expression::parse("string(response.code) == '200'")?;
    /// let found: Vec<String> = expression.findings().iter().map(|f| f.to_string()).collect();
    /// assert_eq!(found, ["Envoy refuses the whole configuration: it has no function `string`"]);
    /// # Ok::<(), expression::SyntaxError>(())
    /// ```
    pub fn findings(&self) -> Vec<Finding> {
        check::findings(&self.tree, &self.text)
    }

    /// The names that are looked up, in the order of the text. A name that is used twice comes
    /// twice.
    pub fn attributes(&self) -> impl Iterator<Item = AttributePath<'_>> {
        self.tree.paths.iter().map(AttributePath)
    }

    /// Makes a filter for the records of a format.
    pub fn bind(&self, format: &Format) -> Filter {
        Filter::new(Arc::clone(&self.tree), format)
    }
}

impl AttributePath<'_> {
    /// Where the name stands in the expression, in bytes.
    pub fn span(&self) -> Range<usize> {
        self.0.span.clone()
    }

    /// Whether Envoy has an attribute of this name.
    pub fn is_known(&self) -> bool {
        !matches!(self.0.target(), Target::UnknownRoot | Target::UnknownField)
    }

    /// Whether the attribute is missing on TCP.
    pub fn is_http_only(&self) -> bool {
        self.0.row.is_some_and(|row| row.protocol == Protocol::Http)
    }
}

impl std::fmt::Display for AttributePath<'_> {
    /// Writes the name with its selections: `request.headers["x-a"]`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// An attribute that Envoy's expressions can look up.
#[derive(Debug, Clone, Copy)]
pub struct KnownAttribute(&'static Row);

impl KnownAttribute {
    /// The name: `request.headers`, without the keys that may follow.
    pub fn path(self) -> &'static str {
        self.0.path
    }

    /// Whether it is missing on TCP.
    pub fn is_http_only(self) -> bool {
        self.0.protocol == Protocol::Http
    }

    /// The ways in which a log format can carry it: for each, the command operators that it takes,
    /// all of them. `{}` stands for a key, and an argument that ends in a colon for the rest of it.
    /// Whatever the way, `%CEL()%` and `%TYPED_CEL()%` of the attribute carry it too.
    pub fn carriers(self) -> impl Iterator<Item = &'static [&'static str]> {
        self.0.carriers.iter().map(|carrier| carrier.operators)
    }
}

/// Every attribute of Envoy 1.40, sorted by name.
pub fn known_attributes() -> impl Iterator<Item = KnownAttribute> {
    ATTRIBUTES.iter().map(KnownAttribute)
}
