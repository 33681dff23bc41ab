//! Lays a MeshConfig over another.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use serde_json::Value;

use super::fields::{Field, FieldError, Fields};
use super::{
    AccessLogEncoding, AlsProvider, ExtensionProvider, FileProvider, LogFormat, MeshConfig,
    OtelProvider, ProviderKind, known,
};
use crate::describe::{clip, closest};
use crate::meta::Labels;
use crate::selector::Selector;

impl MeshConfig {
    /// Lays a MeshConfig as users write it over this one, as istiod does with its defaults: what is
    /// given replaces what is here, extension providers by their exact name and in their place, new
    /// ones at the end; `defaultProviders` list by list. Names that istiod would not know change
    /// nothing, and are told in `remarks`, as is what istiod takes but warns of.
    ///
    /// Follows `ApplyMeshConfig` of `pkg/config/mesh/mesh.go` at istio/istio 86c9f01f.
    ///
    /// # Errors
    ///
    /// A field of the wrong type, for which istiod ignores the whole MeshConfig; nothing is changed
    /// then.
    pub fn apply(&mut self, value: &Value, remarks: &mut Vec<String>) -> Result<(), FieldError> {
        if value.is_null() {
            return Ok(());
        }
        let mut next = self.clone();
        let mut fields = Fields::of(value, "")?;
        next.apply_scalars(&mut fields)?;
        next.apply_providers(&mut fields, remarks)?;
        next.apply_discovery_selectors(&mut fields, remarks)?;
        next.apply_reach(&mut fields, remarks)?;
        next.apply_capture(&mut fields)?;
        for key in fields.unknown().filter(|key| !known::is_mesh_config_field(key)) {
            remarks.push(unknown(&fields, key, known::MESH_CONFIG));
        }
        *self = next;
        Ok(())
    }

    /// The fields that are no lists.
    fn apply_scalars(&mut self, fields: &mut Fields<'_>) -> Result<(), FieldError> {
        set(&mut self.root_namespace, fields.text("rootNamespace")?);
        set(&mut self.access_log_file, fields.text("accessLogFile")?);
        set(&mut self.access_log_format, fields.text("accessLogFormat")?);
        set(&mut self.access_log_encoding, encoding(fields)?);
        let service = fields.flag("enableEnvoyAccessLogService")?;
        set(&mut self.enable_envoy_access_log_service, service);
        set(&mut self.disable_envoy_listener_log, fields.flag("disableEnvoyListenerLog")?);
        Ok(())
    }

    /// `extensionProviders` and `defaultProviders`.
    fn apply_providers(
        &mut self,
        fields: &mut Fields<'_>,
        remarks: &mut Vec<String>,
    ) -> Result<(), FieldError> {
        for field in fields.list("extensionProviders")?.unwrap_or_default() {
            let new = provider(&field, remarks)?;
            match self.extension_providers.iter_mut().find(|old| old.name == new.name) {
                Some(old) => *old = new,
                None => self.extension_providers.push(new),
            }
        }
        let Some(field) = fields.get("defaultProviders")? else { return Ok(()) };
        let mut lists = field.fields()?;
        set(&mut self.default_access_logging, lists.texts("accessLogging")?);
        // The other two lists are read for their types only.
        lists.texts("tracing")?;
        lists.texts("metrics")?;
        for key in lists.unknown() {
            remarks.push(unknown(&lists, key, &["accessLogging", "metrics", "tracing"]));
        }
        Ok(())
    }

    /// What traffic capture goes by.
    fn apply_capture(&mut self, fields: &mut Fields<'_>) -> Result<(), FieldError> {
        set(&mut self.proxy_listen_port, fields.number("proxyListenPort")?.filter(|it| *it != 0));
        let inbound = fields.number("proxyInboundListenPort")?.filter(|it| *it != 0);
        set(&mut self.proxy_inbound_listen_port, inbound);
        match fields.get("defaultConfig")? {
            Some(field) => self.default_config.apply(&mut field.fields()?),
            None => Ok(()),
        }
    }

    /// `discoverySelectors`. istiod goes on with its former selectors when one is no selector; from
    /// files, that is none.
    fn apply_discovery_selectors(
        &mut self,
        fields: &mut Fields<'_>,
        remarks: &mut Vec<String>,
    ) -> Result<(), FieldError> {
        let Some(list) = fields.list("discoverySelectors")? else { return Ok(()) };
        let mut selectors = Vec::new();
        for field in list {
            match Selector::from_object(&label_selector(&field)?) {
                Ok(selector) => selectors.push(selector),
                Err(error) => {
                    remarks.push(format!(
                        "`{}`: {error}; istiod ignores all discovery selectors then",
                        field.path
                    ));
                    return Ok(());
                }
            }
        }
        self.discovery_selectors = selectors;
        Ok(())
    }
}

/// Puts a value in place where one is given.
pub(super) fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// The remark on a name that Istio does not know.
pub(super) fn unknown(fields: &Fields<'_>, key: &str, known: &[&str]) -> String {
    let path = clip(&fields.path_of(key));
    match closest(key, known.iter().copied()) {
        Some(name) => format!("`{path}` is no field that Istio knows; did you mean `{name}`?"),
        None => format!("`{path}` is no field that Istio knows; it changes nothing"),
    }
}

/// `accessLogEncoding`, by name or number.
fn encoding(fields: &mut Fields<'_>) -> Result<Option<AccessLogEncoding>, FieldError> {
    let Some(field) = fields.get("accessLogEncoding")? else { return Ok(None) };
    match field.value {
        Value::String(text) if text == "TEXT" => Ok(Some(AccessLogEncoding::Text)),
        Value::String(text) if text == "JSON" => Ok(Some(AccessLogEncoding::Json)),
        Value::Number(number) if number.as_u64() == Some(0) => Ok(Some(AccessLogEncoding::Text)),
        Value::Number(number) if number.as_u64() == Some(1) => Ok(Some(AccessLogEncoding::Json)),
        _ => Err(field.error("`TEXT` or `JSON`")),
    }
}

/// One of `extensionProviders`.
fn provider(field: &Field<'_>, remarks: &mut Vec<String>) -> Result<ExtensionProvider, FieldError> {
    let mut fields = field.fields()?;
    let name = fields.text("name")?.unwrap_or_default();
    let mut kind = None;
    for body in known::PROVIDER_BODIES {
        let Some(field) = fields.get(body)? else { continue };
        if kind.is_some() {
            return Err(field.error("one body in a provider"));
        }
        kind = Some(provider_body(body, &field, remarks)?);
    }
    for key in fields.unknown() {
        remarks.push(unknown(&fields, key, known::PROVIDER_BODIES));
    }
    let path = &field.path;
    if name.is_empty() {
        remarks.push(format!("`{path}` has no name, so nothing can name it"));
    }
    let kind = kind.unwrap_or_else(|| {
        remarks.push(format!("`{path}`, provider `{}`, has no body", clip(&name)));
        ProviderKind::Other(String::new())
    });
    Ok(ExtensionProvider { name, kind })
}

/// The body of a provider, by the name of its field.
fn provider_body(
    body: &str,
    field: &Field<'_>,
    remarks: &mut Vec<String>,
) -> Result<ProviderKind, FieldError> {
    let mut fields = field.fields()?;
    let kind = match body {
        "envoyFileAccessLog" => ProviderKind::File(file(&mut fields, remarks)?),
        "envoyHttpAls" => ProviderKind::HttpAls(http_als(&mut fields, remarks)?),
        "envoyTcpAls" => ProviderKind::TcpAls(tcp_als(&mut fields, remarks)?),
        "envoyOtelAls" => ProviderKind::OtelAls(otel(&mut fields, remarks)?),
        other => return Ok(ProviderKind::Other(other.to_owned())),
    };
    for key in fields.unknown() {
        remarks.push(unknown(&fields, key, &[]));
    }
    Ok(kind)
}

/// `envoyFileAccessLog`.
fn file(fields: &mut Fields<'_>, remarks: &mut Vec<String>) -> Result<FileProvider, FieldError> {
    let log_format = match fields.get("logFormat")? {
        None => None,
        Some(field) => {
            let (text, labels) = log_format(&field, remarks)?;
            Some(match (text, labels) {
                (None, None) => LogFormat::Empty,
                (Some(text), None) => LogFormat::Text(text),
                (None, Some(labels)) => LogFormat::Labels(labels),
                (Some(_), Some(_)) => return Err(field.error("either `text` or `labels`")),
            })
        }
    };
    Ok(FileProvider {
        path: fields.text("path")?.unwrap_or_default(),
        log_format,
        omit_empty_values: fields.flag("omitEmptyValues")?.unwrap_or_default(),
    })
}

/// `logFormat`: its `text` and its `labels`.
#[allow(clippy::type_complexity, reason = "the two fields as they are, for two readers")]
fn log_format(
    field: &Field<'_>,
    remarks: &mut Vec<String>,
) -> Result<(Option<String>, Option<serde_json::Map<String, Value>>), FieldError> {
    let mut fields = field.fields()?;
    let text = fields.text("text")?;
    let labels = match fields.get("labels")? {
        None => None,
        Some(labels) => {
            Some(labels.value.as_object().cloned().ok_or_else(|| labels.error("an object"))?)
        }
    };
    for key in fields.unknown() {
        remarks.push(unknown(&fields, key, &["labels", "text"]));
    }
    Ok((text, labels))
}

/// `envoyHttpAls`.
fn http_als(fields: &mut Fields<'_>, remarks: &mut Vec<String>) -> Result<AlsProvider, FieldError> {
    let request = fields.texts("additionalRequestHeadersToLog")?.unwrap_or_default();
    let response = fields.texts("additionalResponseHeadersToLog")?.unwrap_or_default();
    let trailers = fields.texts("additionalResponseTrailersToLog")?.unwrap_or_default();
    Ok(AlsProvider {
        additional_request_headers_to_log: request,
        additional_response_headers_to_log: response,
        additional_response_trailers_to_log: trailers,
        ..tcp_als(fields, remarks)?
    })
}

/// `envoyTcpAls`.
fn tcp_als(fields: &mut Fields<'_>, remarks: &mut Vec<String>) -> Result<AlsProvider, FieldError> {
    let (service, port) = service(fields, remarks)?;
    Ok(AlsProvider {
        service,
        port,
        log_name: fields.text("logName")?.unwrap_or_default(),
        filter_state_objects_to_log: fields.texts("filterStateObjectsToLog")?.unwrap_or_default(),
        ..AlsProvider::default()
    })
}

/// `envoyOtelAls`.
fn otel(fields: &mut Fields<'_>, remarks: &mut Vec<String>) -> Result<OtelProvider, FieldError> {
    let (service, port) = service(fields, remarks)?;
    let (text, labels) = match fields.get("logFormat")? {
        None => (None, None),
        Some(field) => log_format(&field, remarks)?,
    };
    Ok(OtelProvider {
        service,
        port,
        log_name: fields.text("logName")?.unwrap_or_default(),
        // Not a `oneof`: an empty text is no text.
        text: text.filter(|text| !text.is_empty()),
        labels: labels.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>(),
    })
}

/// The service and port of a provider that has one. istiod warns of a wrong one and takes it.
fn service(
    fields: &mut Fields<'_>,
    remarks: &mut Vec<String>,
) -> Result<(String, u32), FieldError> {
    let service = fields.text("service")?.unwrap_or_default();
    let port = fields.number("port")?.unwrap_or_default();
    if service.is_empty() {
        remarks.push(format!("`{}` is empty; no service has that name", fields.path_of("service")));
    }
    if !(1..=65535).contains(&port) {
        remarks.push(format!("`{}` is {port}; ports are 1 to 65535", fields.path_of("port")));
    }
    Ok((service, port))
}

/// A label selector of MeshConfig.
pub(super) fn label_selector(field: &Field<'_>) -> Result<LabelSelector, FieldError> {
    let mut fields = field.fields()?;
    let match_labels = match fields.get("matchLabels")? {
        None => None,
        Some(field) => Some(labels(&field)?),
    };
    let mut expressions = Vec::new();
    for field in fields.list("matchExpressions")?.unwrap_or_default() {
        let mut fields = field.fields()?;
        expressions.push(LabelSelectorRequirement {
            key: fields.text("key")?.unwrap_or_default(),
            operator: fields.text("operator")?.unwrap_or_default(),
            values: fields.texts("values")?,
        });
    }
    Ok(LabelSelector { match_labels, match_expressions: Some(expressions) })
}

/// An object of strings.
fn labels(field: &Field<'_>) -> Result<Labels, FieldError> {
    let map = field.value.as_object().ok_or_else(|| field.error("an object"))?;
    let text = |(key, value): (&String, &Value)| {
        let field = Field { value, path: format!("{}.{key}", field.path) };
        let text = value.as_str().ok_or_else(|| field.error("a string"))?;
        Ok((key.clone(), text.to_owned()))
    };
    map.iter().map(text).collect()
}
