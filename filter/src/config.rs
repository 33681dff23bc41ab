//! The configuration of both roles, as JSON.
//!
//! ```
//! use filter::config::Config;
//!
//! let config = Config::parse(br#"{"access_log": {"fields": {"route": "xds.route_name"}}}"#)?;
//! assert!(config.attempts.is_none());
//! assert_eq!(config.access_log.unwrap().fields[0].name, "route");
//!
//! let error = Config::parse(br#"{"access_log": {"keep": {"rate": 2}}}"#).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "`access_log.keep.rate`: expected a number from 0 to 1, found `2`",
//! );
//! # Ok::<(), filter::config::Error>(())
//! ```

mod access_log;
mod error;
mod node;
mod tree;

pub use access_log::{AccessLog, Field, Redact, Replace, Source};
pub use error::{Error, ErrorKind};

use node::Node;
use tree::Tree;

/// The configuration of a filter that is given none.
pub const DEFAULT: &str = r#"{"attempts":{},"access_log":{"fields":{"retry":"retry"}}}"#;

/// What both roles are told. A role that has no section is not wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The role `attempts`.
    pub attempts: Option<Attempts>,
    /// The role `access_log`.
    pub access_log: Option<AccessLog>,
}

/// What the role `attempts` is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// Whether the attempts before an internal redirect stay in the history of those after it. Envoy
    /// writes an access log record for each leg; by default, each tells of its own attempts only.
    pub survive_internal_redirects: bool,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    ///
    /// When it is not JSON, or holds anything that the filter does not know or cannot do.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let tree = parse(text)?;
        Ok(Self { attempts: attempts(&tree)?, access_log: access_log(&tree)? })
    }
}

impl Attempts {
    /// Reads the section of this role; a configuration without one is the default.
    ///
    /// # Errors
    ///
    /// As [`Config::parse`], but the other section is not looked into.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        Ok(attempts(&parse(text)?)?.unwrap_or_default())
    }
}

impl AccessLog {
    /// Reads the section of this role; a configuration without one is the default, without any field.
    ///
    /// # Errors
    ///
    /// As [`Config::parse`], but the other section is not looked into.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        Ok(access_log(&parse(text)?)?.unwrap_or_default())
    }
}

/// Reads JSON; nothing at all is an empty configuration.
fn parse(text: &[u8]) -> Result<Tree, Error> {
    if text.trim_ascii().is_empty() {
        return Ok(Tree::Map(Vec::new()));
    }
    serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column().max(1));
        let mut message = error.to_string();
        // The place is told apart.
        if let Some(end) =
            message.len().checked_sub(format!(" at line {line} column {}", error.column()).len())
        {
            message.truncate(end);
        }
        Error { path: String::new(), kind: ErrorKind::Syntax { message, line, column } }
    })
}

fn section<'a>(tree: &'a Tree, name: &str) -> Result<Option<Node<'a>>, Error> {
    Ok(Node::root(tree).settings(&["attempts", "access_log"])?.get(name).cloned())
}

fn attempts(tree: &Tree) -> Result<Option<Attempts>, Error> {
    let Some(node) = section(tree, "attempts")? else { return Ok(None) };
    let settings = node.settings(&["survive_internal_redirects"])?;
    let survive_internal_redirects = settings.flag("survive_internal_redirects")?;
    Ok(Some(Attempts { survive_internal_redirects }))
}

fn access_log(tree: &Tree) -> Result<Option<AccessLog>, Error> {
    section(tree, "access_log")?.map(|node| access_log::read(&node)).transpose()
}

#[cfg(test)]
mod tests;
