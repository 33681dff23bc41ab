//! ProxyConfig, as far as traffic capture goes by it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{FieldError, Fields};
use crate::load;

/// Istio's ProxyConfig, as far as traffic capture goes by it.
///
/// Follows <https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyConfig {
    /// `interceptionMode`: `REDIRECT`, `TPROXY` or `NONE`.
    pub interception_mode: String,
    /// `proxyMetadata`: variables of the environment of the proxy and of `istio-init`.
    pub proxy_metadata: BTreeMap<String, String>,
}

impl Default for ProxyConfig {
    fn default() -> Self {
        let interception_mode = "REDIRECT".to_owned();
        Self { interception_mode, proxy_metadata: BTreeMap::new() }
    }
}

impl ProxyConfig {
    /// Lays the fields that are given over these; of `proxyMetadata`, key by key.
    pub(super) fn apply(&mut self, fields: &mut Fields<'_>) -> Result<(), FieldError> {
        if let Some(field) = fields.get("interceptionMode")? {
            self.interception_mode = match field.value {
                Value::String(mode) => mode.clone(),
                Value::Number(number) if number.as_u64() == Some(0) => "REDIRECT".to_owned(),
                Value::Number(number) if number.as_u64() == Some(1) => "TPROXY".to_owned(),
                Value::Number(number) if number.as_u64() == Some(2) => "NONE".to_owned(),
                _ => return Err(field.error("`REDIRECT`, `TPROXY` or `NONE`")),
            };
        }
        if let Some(field) = fields.get("proxyMetadata")? {
            let map = field.value.as_object().ok_or_else(|| field.error("an object"))?;
            let texts = map.iter().filter_map(|(key, value)| Some((key, value.as_str()?)));
            self.proxy_metadata.extend(texts.map(|(key, value)| (key.clone(), value.to_owned())));
        }
        Ok(())
    }

    /// Lays a ProxyConfig in YAML over this one, as the annotation `proxy.istio.io/config` has it.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub(crate) fn apply_text(&mut self, text: &str) -> Result<(), ()> {
        let value = load::embedded(text, "proxy.istio.io/config").map_err(|_| ())?;
        if value.is_null() {
            return Ok(());
        }
        let mut fields = Fields::of(&value, "").map_err(|_| ())?;
        self.apply(&mut fields).map_err(|_| ())
    }
}
