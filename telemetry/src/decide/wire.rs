//! Loggers as they are printed.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Map, Value};

use super::Attached;
use crate::logger::{FileFormat, Sink};

/// A format as it is printed.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Format<'a> {
    Text(&'a str),
    Json(&'a Map<String, Value>),
}

impl Serialize for Attached {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let file = match &self.logger.sink {
            Sink::File(file) => Some(file),
            _ => None,
        };
        let format = file.and_then(|file| match &file.format {
            FileFormat::Text(text) => Some(Format::Text(text)),
            FileFormat::Json(object) => Some(Format::Json(object)),
            FileFormat::EnvoyDefault => None,
        });
        let mut out = serializer.serialize_struct("logger", 7)?;
        out.serialize_field("provider", &self.logger.provider)?;
        out.serialize_field("kind", self.logger.sink.kind())?;
        out.serialize_field("path", &file.map(|file| &file.path))?;
        out.serialize_field("encoding", &file.map(|file| file.format.encoding()))?;
        out.serialize_field("format", &format)?;
        let omit = file.is_some_and(|file| file.omit_empty_values);
        out.serialize_field("omit_empty_values", &omit)?;
        out.serialize_field("filter", &self.filter.as_deref())?;
        out.end()
    }
}
