//! The formats that istiod sends for what the user wrote.

use accesslog::{Encoding, Preset};
use mesh::{AccessLogEncoding, FileProvider, LogFormat, MeshConfig};
use serde_json::{Map, Value};

use super::{File, FileFormat};

/// Where a file provider without a path logs to.
const STDOUT: &str = "/dev/stdout";

/// A file provider's logger.
pub(super) fn of_provider(name: &str, provider: &FileProvider, mesh: &MeshConfig) -> File {
    // Only the built-in provider falls back to MeshConfig's format, under exactly this name, and only
    // then an empty path stays empty.
    if name == "envoy" && provider.log_format.is_none() && !provider.omit_empty_values {
        return of_mesh_config(&provider.path, mesh);
    }
    let path = if provider.path.is_empty() { STDOUT } else { &provider.path };
    let format = match &provider.log_format {
        None => FileFormat::Text(text("")),
        Some(LogFormat::Text(format)) => FileFormat::Text(text(format)),
        Some(LogFormat::Labels(labels)) if labels.is_empty() => FileFormat::Json(default_json()),
        Some(LogFormat::Labels(labels)) => FileFormat::Json(labels.clone()),
        Some(LogFormat::Empty) => FileFormat::EnvoyDefault,
    };
    File { path: path.to_owned(), format, omit_empty_values: provider.omit_empty_values }
}

/// A file logger in MeshConfig's own format.
pub(super) fn of_mesh_config(path: &str, mesh: &MeshConfig) -> File {
    let format = match mesh.access_log_encoding {
        AccessLogEncoding::Text => FileFormat::Text(text(&mesh.access_log_format)),
        AccessLogEncoding::Json => {
            // A text that is no JSON object is logged by istiod and the default used, the empty text
            // among them. An object without keys stays one.
            let own = serde_json::from_str(&mesh.access_log_format);
            FileFormat::Json(own.unwrap_or_else(|_| default_json()))
        }
    };
    File { path: path.to_owned(), format, omit_empty_values: false }
}

/// The text that an OpenTelemetry provider sends as a record's body; no newline is added to it.
pub(super) fn otel_body(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or(preset("istio")).to_owned()
}

/// The text as it is sent: Istio's default for none, and a newline at the end.
fn text(format: &str) -> String {
    match format {
        "" => preset("istio").to_owned(),
        format if format.ends_with('\n') => format.to_owned(),
        format => format!("{format}\n"),
    }
}

fn default_json() -> Map<String, Value> {
    serde_json::from_str(preset("istio-json")).unwrap_or_default()
}

/// The text of a preset of the reader, whose newest are what istiod sends.
pub(super) fn preset(name: &str) -> &'static str {
    Preset::from_name(name).map_or("", Preset::text)
}

impl FileFormat {
    /// The format by the name of its preset, with what stands behind it, such as
    /// `istio + %UPSTREAM_REQUEST_ATTEMPT_COUNT%`; else the whole format.
    pub fn summary(&self) -> String {
        match self {
            Self::EnvoyDefault => "envoy".to_owned(),
            Self::Text(text) => text_preset(text).unwrap_or_else(|| text.trim_end().to_owned()),
            Self::Json(object) => {
                json_preset(object).unwrap_or_else(|| Value::Object(object.clone()).to_string())
            }
        }
    }
}

fn json_preset(object: &Map<String, Value>) -> Option<String> {
    let presets = Preset::ALL.iter().filter(|preset| preset.encoding() == Encoding::Json);
    let mut same = presets.filter(|preset| {
        serde_json::from_str(preset.text()).is_ok_and(|own: Map<String, Value>| own == *object)
    });
    same.next().map(|preset| preset.name().to_owned())
}

fn text_preset(text: &str) -> Option<String> {
    let mut texts = Preset::ALL.iter().filter(|preset| preset.encoding() == Encoding::Text);
    texts.find_map(|preset| {
        let more = text.trim_end().strip_prefix(preset.text().trim_end())?.trim();
        let name = preset.name();
        Some(if more.is_empty() { name.to_owned() } else { format!("{name} + {more}") })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_istiod() {
        assert!(text("").starts_with("[%START_TIME%] \"%REQ(:METHOD)% "));
        assert!(text("").ends_with("%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"));
        assert_eq!(default_json().len(), 24);
        assert_eq!(default_json()["upstream_cluster"], "%UPSTREAM_CLUSTER_RAW%");
        assert!(preset("envoy").starts_with("[%START_TIME%]"));
    }
}
