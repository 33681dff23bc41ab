//! File access loggers.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{World, extension, typed};

/// One access logger, which writes to a file of its own.
#[derive(Debug, Clone)]
pub struct Logger {
    /// The file's name in the run's directory.
    pub file: String,
    /// What a record looks like.
    pub template: Template,
    /// Envoy's `omit_empty_values`.
    pub omit_empty_values: bool,
    /// The CEL expression of its filter, if it has one.
    pub filter: Option<String>,
}

/// What a record looks like.
#[derive(Debug, Clone)]
pub enum Template {
    /// A text format string.
    Text(String),
    /// A JSON object with operators in its strings.
    Json(Value),
    /// Envoy's own default, which is text.
    Default,
}

impl Logger {
    /// The log file.
    pub fn path(&self, world: &World) -> PathBuf {
        world.dir.join(&self.file)
    }

    /// The logger as Envoy takes it.
    pub fn config(&self, world: &World) -> Value {
        let mut config = json!({"path": self.path(world)});
        if let Some(mut format) = self.template.config() {
            format["omit_empty_values"] = json!(self.omit_empty_values);
            if self.template.needs_formatters() {
                format["formatters"] = json!(formatters());
            }
            config["log_format"] = format;
        }
        let mut logger =
            extension("envoy.access_loggers.file", "access_loggers.file.v3.FileAccessLog", config);
        if let Some(expression) = &self.filter {
            logger["filter"] = telemetry::cel_filter(expression);
        }
        logger
    }
}

impl Template {
    fn needs_formatters(&self) -> bool {
        let text = format!("{self:?}");
        ["REQ_WITHOUT_QUERY", "FILE_CONTENT", "SECRET"].iter().any(|name| text.contains(name))
    }

    fn config(&self) -> Option<Value> {
        match self {
            Self::Default => None,
            Self::Text(text) => Some(json!({"text_format_source": {"inline_string": text}})),
            Self::Json(object) => Some(json!({"json_format": object})),
        }
    }
}

/// The extensions that bring operators of their own.
fn formatters() -> [Value; 3] {
    let secrets = json!({"secret_configs": {"token": {"name": "token"}}});
    [
        json!({"name": "envoy.formatter.req_without_query", "typed_config":
            typed("formatter.req_without_query.v3.ReqWithoutQuery", json!({}))}),
        json!({"name": "envoy.formatter.file_content", "typed_config":
            typed("formatter.file_content.v3.FileContent", json!({}))}),
        json!({"name": "envoy.formatter.generic_secret", "typed_config":
            typed("formatter.generic_secret.v3.GenericSecret", secrets)}),
    ]
}
