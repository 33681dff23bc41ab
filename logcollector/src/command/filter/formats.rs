//! Formats of access logs with what the filter makes in them.

use accesslog::{Encoding, Format, FormatError, FormatOptions, Preset};
use mesh::{DEFAULT_REVISION, Labels, MeshConfig, ProxyKind};
use serde_json::{Map, Value};
use telemetry::{
    Attached, Decision, File, FileFormat, Hosts, Istiod, Logger, Side, Sink, Target, View,
};

use crate::cli::Role;
use crate::error::Error;

/// The number of attempts, which Envoy prints without any filter.
const ATTEMPT_COUNT: &str = "UPSTREAM_REQUEST_ATTEMPT_COUNT";

/// Where a mesh logs to that does not say.
const PATH: &str = "/dev/stdout";

/// What is to be printed: each operator without its percent signs, and its key in a JSON format.
pub(super) fn operators(roles: &[Role]) -> Vec<(String, &'static str)> {
    let count = (ATTEMPT_COUNT.to_owned(), "upstream_request_attempt_count");
    let own = roles.iter().map(|role| (role.operator(), role.json_key()));
    std::iter::once(count).chain(own).collect()
}

/// A format with the operators at its end that it does not have yet.
///
/// # Errors
///
/// When it is none that Envoy takes.
pub(super) fn extended(format: &FileFormat, roles: &[Role]) -> Result<FileFormat, Error> {
    let operators = operators(roles);
    match format {
        FileFormat::Text(text) => extended_text(text, &operators).map(FileFormat::Text),
        FileFormat::EnvoyDefault => {
            extended_text(preset("envoy"), &operators).map(FileFormat::Text)
        }
        FileFormat::Json(object) => extended_json(object, &operators).map(FileFormat::Json),
    }
}

fn extended_text(text: &str, operators: &[(String, &str)]) -> Result<String, Error> {
    let known = compile(text, Encoding::Text)?;
    let mut extended = text.trim_end_matches('\n').to_owned();
    for (operator, _) in operators.iter().filter(|(operator, _)| !known.has_operator(operator)) {
        extended.push_str(&format!(" %{operator}%"));
    }
    extended.push('\n');
    compile(&extended, Encoding::Text)?;
    Ok(extended)
}

fn extended_json(
    object: &Map<String, Value>,
    operators: &[(String, &str)],
) -> Result<Map<String, Value>, Error> {
    let text = Value::Object(object.clone()).to_string();
    let known = compile(&text, Encoding::Json)?;
    let mut extended = object.clone();
    for (operator, key) in operators {
        let written = format!("%{operator}%");
        // Text around operators is no field of the format.
        if !known.has_operator(operator) && !text.contains(&written) {
            extended.insert(free_key(&extended, key), written.into());
        }
    }
    compile(&Value::Object(extended.clone()).to_string(), Encoding::Json)?;
    Ok(extended)
}

/// The key, or the first of `key_2`, `key_3`, ... that is not in use.
fn free_key(object: &Map<String, Value>, key: &str) -> String {
    let numbered = (2..).map(|number| format!("{key}_{number}"));
    let mut keys = std::iter::once(key.to_owned()).chain(numbered);
    keys.find(|key| !object.contains_key(key)).unwrap_or_default()
}

fn compile(text: &str, encoding: Encoding) -> Result<Format, Error> {
    let compiled: Result<Format, FormatError> = match encoding {
        Encoding::Text => FormatOptions::new().compile(text),
        Encoding::Json => FormatOptions::new().compile_json(text),
    };
    compiled.map_err(|error| Error::bad_format("accessLogFormat", text, &error))
}

/// A mesh's own formats, text and JSON: that of its encoding, and Istio's default for the other.
pub(super) fn of_mesh(mesh: &MeshConfig) -> (FileFormat, FileFormat) {
    let text = FileFormat::Text(preset("istio").to_owned());
    let json = FileFormat::Json(serde_json::from_str(preset("istio-json")).unwrap_or_default());
    match fallback(mesh).map(|file| file.format) {
        Some(own @ FileFormat::Json(_)) => (text, own),
        Some(own) => (own, json),
        None => (text, json),
    }
}

/// The loggers of a mesh where no Telemetry counts.
pub(super) fn loggers_of_mesh(mesh: &MeshConfig) -> Vec<Attached> {
    let istiod = Istiod {
        revision: DEFAULT_REVISION.to_owned(),
        mesh,
        undiscovered: Default::default(),
        hosts: Hosts::default(),
    };
    let view = View::new(&[], &istiod);
    let labels = Labels::new();
    let target =
        Target { namespace: "default", labels: &labels, kind: ProxyKind::Sidecar, service: None };
    Decision::of(&view, &target, Side::Client).loggers
}

/// The file that a mesh logs to, as if it said where.
pub(super) fn fallback(mesh: &MeshConfig) -> Option<File> {
    let mut mesh = mesh.clone();
    mesh.default_access_logging.clear();
    if mesh.access_log_file.is_empty() {
        PATH.clone_into(&mut mesh.access_log_file);
    }
    loggers_of_mesh(&mesh).iter().find_map(|attached| file(&attached.logger).cloned())
}

/// The file of a logger that writes one.
pub(super) fn file(logger: &Logger) -> Option<&File> {
    match &logger.sink {
        Sink::File(file) => Some(file),
        _ => None,
    }
}

fn preset(name: &str) -> &'static str {
    Preset::from_name(name).map(Preset::text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mesh(format: &str, encoding: mesh::AccessLogEncoding) -> MeshConfig {
        MeshConfig {
            access_log_format: format.to_owned(),
            access_log_encoding: encoding,
            ..MeshConfig::default()
        }
    }

    fn text(format: FileFormat) -> String {
        match format {
            FileFormat::Text(text) => text,
            FileFormat::Json(object) => Value::Object(object).to_string(),
            FileFormat::EnvoyDefault => String::new(),
        }
    }

    /// The extended formats of a mesh, of both kinds.
    fn extended(mesh: &MeshConfig, roles: &[Role]) -> (String, String) {
        let (text_format, json) = of_mesh(mesh);
        let extend = |format| text(super::extended(&format, roles).unwrap());
        (extend(text_format), extend(json))
    }

    #[test]
    fn operators_stand_at_the_end_in_their_order() {
        let (text, json) = extended(&MeshConfig::default(), &Role::ALL);
        let end = "%ROUTE_NAME% %UPSTREAM_REQUEST_ATTEMPT_COUNT% \
                   %FILTER_STATE(wasm.upstream_attempts:PLAIN)% \
                   %FILTER_STATE(wasm.access_log:PLAIN)%\n";
        assert!(text.ends_with(end), "{text}");
        let end = concat!(
            r#","upstream_request_attempt_count":"%UPSTREAM_REQUEST_ATTEMPT_COUNT%","#,
            r#""upstream_attempts":"%FILTER_STATE(wasm.upstream_attempts:PLAIN)%","#,
            r#""access_log":"%FILTER_STATE(wasm.access_log:PLAIN)%"}"#
        );
        assert!(json.ends_with(end), "{json}");
    }

    #[test]
    fn what_is_there_stays_and_is_not_repeated() {
        let own = "%FILTER_STATE(wasm.access_log:PLAIN)% %UPSTREAM_REQUEST_ATTEMPT_COUNT%";
        let (text, _) = extended(&mesh(own, mesh::AccessLogEncoding::Text), &Role::ALL);
        assert_eq!(text, format!("{own} %FILTER_STATE(wasm.upstream_attempts:PLAIN)%\n"));
        let own = r#"{"n":"%UPSTREAM_REQUEST_ATTEMPT_COUNT%","access_log":"x","t":{"a":"b"}}"#;
        let (_, json) = extended(&mesh(own, mesh::AccessLogEncoding::Json), &[Role::AccessLog]);
        let added = r#","access_log_2":"%FILTER_STATE(wasm.access_log:PLAIN)%"}"#;
        assert_eq!(json, own.replace("}}", "}") + added);
    }

    #[test]
    fn only_what_is_loaded_is_printed() {
        let (text, json) = extended(&MeshConfig::default(), &[Role::Attempts]);
        assert!(!text.contains("access_log") && !json.contains("access_log"));
    }

    #[test]
    fn a_format_that_envoy_refuses_is_an_error() {
        let format = FileFormat::Text("%RESPONSE_CODE".to_owned());
        assert!(matches!(super::extended(&format, &Role::ALL), Err(Error::Marked(_))));
    }
}
