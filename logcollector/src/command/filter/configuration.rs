//! The filter's configuration, and what each part of the filter gets of it.

mod place;

use std::io::Read;
use std::path::Path;

use filter::config::{Config, DEFAULT, ErrorKind};
use serde_json::{Map, Value};

use crate::cli::Role;
use crate::error::{Error, Marked};
use crate::visible;

/// A configuration is far below this.
const LARGEST: u64 = 1 << 20;

/// A configuration that the filter takes.
#[derive(Debug)]
pub(super) struct Configuration {
    /// What the filter reads of it.
    pub(super) config: Config,
    /// The sections as they were written.
    sections: Map<String, Value>,
}

/// The text of a configuration, and what messages call it.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

impl Text {
    /// Reads a file, or standard input; without one, it is the default.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn read(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else {
            return Ok(Self { name: "default".to_owned(), bytes: DEFAULT.as_bytes().to_vec() });
        };
        let (name, bytes) = if path == Path::new("-") {
            ("stdin".to_owned(), read(std::io::stdin()))
        } else {
            (path.display().to_string(), std::fs::File::open(path).and_then(read))
        };
        match bytes {
            Ok(bytes) => Ok(Self { name, bytes }),
            Err(error) => Err(Error::Input { name, error }),
        }
    }

    /// The error of the filter's own reader, with its place marked.
    pub(super) fn error(&self, error: &filter::config::Error) -> Error {
        let text = String::from_utf8_lossy(&self.bytes);
        let (title, place, message) = match error.kind() {
            ErrorKind::Syntax { message, line, column } => {
                let title = "the configuration is not JSON".to_owned();
                (title, place::of_column(&text, *line, *column), visible::lines(message))
            }
            _ => match place::of_path(&text, error.path()) {
                Some(place) => {
                    let title = format!("`{}` is not what the filter takes", error.path());
                    (visible::lines(&title), place, error.message().to_string())
                }
                None => {
                    let (name, message) = (self.name.clone(), error.to_string());
                    return Error::FilterConfiguration { name, message };
                }
            },
        };
        let help = place::meant(error).map(|name| format!("did you mean `{name}`?"));
        let source = (self.name.as_str(), text.as_ref());
        Error::Marked(Box::new(Marked::new(&title, source, &[(place, message)], help)))
    }
}

fn read(input: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Configuration {
    /// Reads a configuration as the filter does.
    ///
    /// # Errors
    ///
    /// When the filter would not take it.
    pub(super) fn parse(text: &Text) -> Result<Self, Error> {
        Self::read(text).map_err(|error| text.error(&error))
    }

    /// As [`Self::parse`], with the filter's own error.
    pub(super) fn read(text: &Text) -> Result<Self, filter::config::Error> {
        let config = Config::parse(&text.bytes)?;
        // Nothing at all is an empty configuration.
        let sections = serde_json::from_slice(&text.bytes).unwrap_or_default();
        Ok(Self { config, sections })
    }

    /// The parts of the filter that there is a section for.
    pub(super) fn roles(&self) -> impl Iterator<Item = Role> {
        let is_there = [self.config.attempts.is_some(), self.config.access_log.is_some()];
        Role::ALL.into_iter().zip(is_there).filter(|(_, there)| *there).map(|(role, _)| role)
    }

    /// Whether a part has something to print: without fields, `access_log` has not.
    pub(super) fn prints(&self, role: Role) -> bool {
        let access_log = self.config.access_log.as_ref();
        role != Role::AccessLog || access_log.is_some_and(|section| !section.fields.is_empty())
    }

    /// What a part gets: an object with its section alone, compact.
    pub(super) fn of(&self, role: Role) -> String {
        let section = self.section(role).clone();
        Value::Object([(role.section().to_owned(), section)].into_iter().collect()).to_string()
    }

    /// Whether it says which requests are worth a line.
    pub(super) fn keeps(&self) -> bool {
        self.config.access_log.as_ref().is_some_and(|section| section.keep.is_some())
    }

    /// Whether it holds the key of keyed hashes, which is a secret.
    pub(super) fn has_hash_key(&self) -> bool {
        self.config.access_log.as_ref().is_some_and(|section| section.hash_key.is_some())
    }

    /// Whether it takes anything out of a value.
    pub(super) fn redacts(&self) -> bool {
        let fields = self.config.access_log.iter().flat_map(|section| &section.fields);
        fields.into_iter().any(|field| field.redact.is_some())
    }

    /// A section as it was written; null where there is none.
    pub(super) fn section(&self, role: Role) -> &Value {
        self.sections.get(role.section()).unwrap_or(&Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(text: &str) -> Result<Configuration, Error> {
        Configuration::parse(&Text { name: "test".to_owned(), bytes: text.as_bytes().to_vec() })
    }

    #[test]
    fn each_part_gets_its_section() {
        let read = configuration("{ \"attempts\": {} }").unwrap();
        assert_eq!(read.roles().collect::<Vec<_>>(), [Role::Attempts]);
        assert_eq!(read.of(Role::Attempts), r#"{"attempts":{}}"#);
        assert!(!read.keeps());
    }

    #[test]
    fn the_default_is_for_both_parts() {
        let read = Configuration::parse(&Text::read(None).unwrap()).unwrap();
        assert_eq!(read.roles().collect::<Vec<_>>(), Role::ALL);
        for role in Role::ALL {
            Config::parse(read.of(role).as_bytes()).unwrap();
        }
    }

    #[test]
    fn without_fields_there_is_nothing_to_print() {
        let read = configuration(r#"{"attempts":{},"access_log":{"keep":{"rate":0}}}"#).unwrap();
        assert!(read.keeps() && read.prints(Role::Attempts) && !read.prints(Role::AccessLog));
        assert_eq!(configuration("").unwrap().roles().count(), 0);
    }

    #[test]
    fn mistakes_are_errors() {
        assert!(matches!(configuration("{"), Err(Error::Marked(_))));
        assert!(matches!(configuration(r#"{"acess_log":{}}"#), Err(Error::Marked(_))));
    }
}
