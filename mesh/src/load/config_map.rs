//! Istio's ConfigMaps: the MeshConfig, and the injector's configuration.

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;
use serde_json::Value;

use super::body::from_tree;
use super::embedded;
use super::error::{LoadWarning, Problem};
use super::kinds::{Drafts, meta};
use super::parse::Body;
use crate::config::MeshConfig;
use crate::injection::{Injector, InjectorValues, Policy};
use crate::meta::Origin;
use crate::selector::Selector;

impl Drafts {
    /// Takes a ConfigMap, if it is one of Istio's.
    pub(super) fn config_map(
        &mut self,
        body: &Body<'_>,
        origin: &Origin,
        warnings: &mut Vec<LoadWarning>,
    ) -> Result<(), Problem> {
        let object: ConfigMap = body.parse()?;
        let data = object.data.unwrap_or_default();
        let meta = meta(object.metadata, origin)?;
        let name = meta.name.as_str();
        if name.starts_with("istio-sidecar-injector") {
            let injector = injector(data.get("config"), data.get("values"))?;
            self.injectors.push((meta, injector));
        } else if let Some(text) = data.get("mesh")
            && (name == "istio" || name.starts_with("istio-"))
        {
            let mut config = MeshConfig::default();
            let mut remarks = Vec::new();
            let value = embedded(text, "data.mesh")?;
            config
                .apply(&value, &mut remarks)
                .map_err(|error| Problem::mesh_config("data.mesh", error))?;
            let object = body.display_name();
            warnings.extend(remarks.into_iter().map(|message| LoadWarning {
                origin: origin.clone(),
                object: object.clone(),
                message,
            }));
            self.configs.push((meta, config));
        }
        Ok(())
    }
}

/// The injector's configuration, in the ConfigMap's keys `config` and `values`.
fn injector(config: Option<&String>, values: Option<&String>) -> Result<Injector, Problem> {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct Config {
        policy: Option<String>,
        never_inject_selector: Vec<LabelSelector>,
        always_inject_selector: Vec<LabelSelector>,
    }
    let config: Config = match config {
        None => Config::default(),
        Some(text) => from_tree(&embedded(text, "data.config")?)
            .map_err(|problem| problem.below("data.config"))?,
    };
    let values = match values {
        None => Value::Null,
        Some(text) => embedded(text, "data.values")?,
    };
    // A selector that is none selects nothing, as in istiod.
    let selectors = |list: Vec<LabelSelector>| -> Vec<Selector> {
        list.iter().filter_map(|selector| Selector::from_object(selector).ok()).collect()
    };
    Ok(Injector {
        policy: match config.policy.as_deref() {
            None | Some("enabled") => Policy::Enabled,
            Some("disabled") => Policy::Disabled,
            Some(other) => Policy::Illegal(other.to_owned()),
        },
        never: selectors(config.never_inject_selector),
        always: selectors(config.always_inject_selector),
        namespaces_by_default: values
            .pointer("/sidecarInjectorWebhook/enableNamespacesByDefault")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        values: InjectorValues::of(&values),
    })
}
