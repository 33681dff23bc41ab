//! `filter manifest --print mesh-config`: formats for a whole mesh, or for a provider.

use mesh::MeshConfig;
use serde_json::{Value, json};
use telemetry::FileFormat;

use super::formats::{extended, of_mesh};
use super::object::{self, NAME};
use crate::cli::{Role, Selected};
use crate::error::Error;

/// What is asked for.
pub(super) struct Asked<'a> {
    pub(super) roles: &'a [Role],
    /// Whether the filter decides which requests are worth a line.
    pub(super) keeps: bool,
    pub(super) namespace: Option<&'a str>,
    pub(super) selector: Option<&'a Selected>,
}

/// A document, and what is to be known of it.
#[derive(Debug)]
pub(super) struct Documented {
    pub(super) comment: String,
    pub(super) document: Value,
}

/// The documents, of which one of the first three is to be taken.
///
/// # Errors
///
/// When the mesh's own format is none that Envoy takes.
pub(super) fn documents(mesh: &MeshConfig, asked: &Asked<'_>) -> Result<Vec<Documented>, Error> {
    let (text, json) = of_mesh(mesh);
    let (text, json) = (extended(&text, asked.roles)?, extended(&json, asked.roles)?);
    let path = match mesh.access_log_file.as_str() {
        "" => "/dev/stdout",
        path => path,
    };
    let mesh_wide = |format: &FileFormat, comment: &str| Documented {
        comment: comment.to_owned(),
        document: json!({"meshConfig": of_file(path, format)}),
    };
    Ok(vec![
        mesh_wide(
            &text,
            "Take one of these three. The first is for the whole mesh, as text: Helm values or an\n\
             IstioOperator's spec; in the ConfigMap istio, what is below meshConfig.",
        ),
        mesh_wide(&json, "For the whole mesh, as JSON."),
        provider(&text, &json),
        telemetry(mesh, asked),
    ])
}

fn of_file(path: &str, format: &FileFormat) -> Value {
    match format {
        FileFormat::Json(object) => json!({
            "accessLogFile": path,
            "accessLogEncoding": "JSON",
            // A number of lines, one for each key, is read more easily than one of a thousand bytes.
            "accessLogFormat": format!("{:#}\n", Value::Object(object.clone())),
        }),
        FileFormat::Text(text) => json!({"accessLogFile": path, "accessLogFormat": text}),
        FileFormat::EnvoyDefault => json!({"accessLogFile": path}),
    }
}

/// Providers, one of which a Telemetry names.
fn provider(text: &FileFormat, json: &FileFormat) -> Documented {
    let log_format = |format: &FileFormat| match format {
        FileFormat::Text(text) => json!({"text": text}),
        FileFormat::Json(object) => json!({"labels": object}),
        FileFormat::EnvoyDefault => json!({}),
    };
    let one = |name: &str, format: &FileFormat| {
        let file = json!({"path": "/dev/stdout", "logFormat": log_format(format)});
        json!({"name": name, "envoyFileAccessLog": file})
    };
    let providers = [one(NAME, text), one(&json_name(), json)];
    Documented {
        comment:
            "For the proxies of a Telemetry: providers, as text and as JSON, beside those that \
                  are there."
                .to_owned(),
        document: json!({"meshConfig": {"extensionProviders": providers}}),
    }
}

fn json_name() -> String {
    format!("{NAME}-json")
}

/// The Telemetry that makes proxies log to the provider.
fn telemetry(mesh: &MeshConfig, asked: &Asked<'_>) -> Documented {
    let everywhere = asked.namespace.is_none() && asked.selector.is_none();
    let namespace = asked.namespace.or(everywhere.then_some(mesh.root_namespace.as_str()));
    let mut spec = json!({});
    if let Some(Selected(labels)) = asked.selector {
        spec["selector"] = json!({"matchLabels": labels});
    }
    let mut logging = json!({"providers": [{"name": NAME}]});
    let mut comment = format!(
        "And the Telemetry that takes a provider: {NAME}, or {} for JSON. A provider\n\
         takes the place of accessLogFile.",
        json_name()
    );
    if asked.keeps {
        logging["filter"] = json!({"expression": filter::KEEP_EXPRESSION});
        comment.push_str(
            "\nThe configuration says which requests are worth a line (keep): the filter below is\n\
             what leaves the others out.",
        );
    }
    spec["accessLogging"] = json!([logging]);
    Documented { comment, document: object::telemetry(namespace, spec) }
}

#[cfg(test)]
mod tests;
