//! The fields of MeshConfig that say what proxies reach.

use super::fields::{Field, FieldError, Fields};
use super::read::{label_selector, set, unknown};
use super::{
    MeshConfig, OutboundTrafficPolicyMode, ServiceEntryVisibility, Visibility, VisibilityPolicy,
};
use crate::selector::Selector;

impl MeshConfig {
    /// The policy for unknown traffic, and what is exported to whom.
    pub(super) fn apply_reach(
        &mut self,
        fields: &mut Fields<'_>,
        remarks: &mut Vec<String>,
    ) -> Result<(), FieldError> {
        if let Some(field) = fields.get("outboundTrafficPolicy")? {
            let mut fields = field.fields()?;
            // A policy without a mode is that of number 0, which is not the mesh's default.
            self.outbound_traffic_policy = match fields.get("mode")? {
                Some(mode) => policy_mode(&mode)?,
                None => OutboundTrafficPolicyMode::RegistryOnly,
            };
            fields.get("tls")?;
            remarks.extend(fields.unknown().map(|key| unknown(&fields, key, &["mode"])));
        }
        let services = fields.texts("defaultServiceExportTo")?;
        let virtual_services = fields.texts("defaultVirtualServiceExportTo")?;
        let destination_rules = fields.texts("defaultDestinationRuleExportTo")?;
        // A list without entries is none to protobuf.
        let given = |list: Option<Vec<String>>| list.filter(|list| !list.is_empty()).map(Some);
        set(&mut self.default_service_export_to, given(services));
        set(&mut self.default_virtual_service_export_to, given(virtual_services));
        set(&mut self.default_destination_rule_export_to, given(destination_rules));
        if let Some(field) = fields.get("serviceEntryVisibility")? {
            self.service_entry_visibility = visibility_of_entries(&field, remarks)?;
        }
        Ok(())
    }
}

/// `serviceEntryVisibility`.
fn visibility_of_entries(
    field: &Field<'_>,
    remarks: &mut Vec<String>,
) -> Result<ServiceEntryVisibility, FieldError> {
    let mut fields = field.fields()?;
    let mut found = ServiceEntryVisibility {
        apply_to_sidecars: fields.flag("applyToSidecars")?.unwrap_or_default(),
        default_visibility: visibility(&mut fields, "defaultVisibility")?,
        policies: Vec::new(),
    };
    for policy in fields.list("policies")?.unwrap_or_default() {
        let mut fields = policy.fields()?;
        let mut namespace_selectors = Vec::new();
        for rule in fields.list("matchingRules")?.unwrap_or_default() {
            let selector = match rule.fields()?.get("namespaceSelector")? {
                None => None,
                Some(field) => Selector::from_object(&label_selector(&field)?).ok(),
            };
            namespace_selectors.push(selector);
        }
        let visibility = visibility(&mut fields, "visibility")?;
        found.policies.push(VisibilityPolicy { visibility, namespace_selectors });
    }
    let known = ["applyToSidecars", "defaultVisibility", "policies"];
    remarks.extend(fields.unknown().map(|key| unknown(&fields, key, &known)));
    Ok(found)
}

/// A visibility by its name or number; unspecified is public.
fn visibility(fields: &mut Fields<'_>, name: &str) -> Result<Visibility, FieldError> {
    let Some(field) = fields.get(name)? else { return Ok(Visibility::Public) };
    match (field.value.as_str(), field.value.as_u64()) {
        (Some("VISIBILITY_UNSPECIFIED" | "PUBLIC"), _) | (_, Some(0 | 3)) => Ok(Visibility::Public),
        (Some("NAMESPACE"), _) | (_, Some(2)) => Ok(Visibility::Namespace),
        (Some("NONE"), _) | (_, Some(1)) => Ok(Visibility::None),
        _ => Err(field.error("`PUBLIC`, `NAMESPACE` or `NONE`")),
    }
}

/// The mode of an outbound traffic policy by its name or number.
fn policy_mode(field: &Field<'_>) -> Result<OutboundTrafficPolicyMode, FieldError> {
    use OutboundTrafficPolicyMode as Mode;
    match (field.value.as_str(), field.value.as_u64()) {
        (Some("REGISTRY_ONLY"), _) | (_, Some(0)) => Ok(Mode::RegistryOnly),
        (Some("ALLOW_ANY"), _) | (_, Some(1)) => Ok(Mode::AllowAny),
        (Some("ALLOW_ANY_DYNAMIC_DNS"), _) | (_, Some(3)) => Ok(Mode::AllowAnyDynamicDns),
        _ => Err(field.error("`ALLOW_ANY`, `REGISTRY_ONLY` or `ALLOW_ANY_DYNAMIC_DNS`")),
    }
}
