//! What is wrong with Sidecars: what an API server refuses, what `istioctl analyze` reports, and what
//! nobody reports.
//!
//! [`CODES`] lists the codes with their severities. Findings of `istioctl` keep its codes and words.
//! What only a whole mesh tells, such as that an entry matches nothing, is said only where the
//! manifests have services at all.

mod analyzer;
pub(crate) mod code;
mod hosts;
mod inherit;
mod mismatch;
mod ports;
mod routing;
mod selection;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use mesh::lint::{Code, Finding};
use mesh::{DEFAULT_REVISION, Inventory, Object, ProxyKind, Selector, Service, Workload};

use crate::hostname::kubernetes_host;
use crate::object::Sidecar;
use crate::problems::problems;
use crate::version::IstioVersion;
use crate::view::{Settings, View};
pub use code::CODES;
use selection::Selection;

/// What [`lint`] goes by besides objects.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LintOptions {
    /// The version of Istio.
    pub version: IstioVersion,
    /// The revision whose istiod is taken to serve every pod; `None` looks under those of all pods.
    pub revision: Option<String>,
    /// Only Sidecars that can apply to pods with these labels; `None` is all, and what is wrong with
    /// the objects of other kinds.
    pub selector: Option<Selector>,
}

/// Everything that is wrong with the Sidecars of an inventory, the most severe first, and with the
/// fields of VirtualServices and DestinationRules that decide what a proxy reaches.
///
/// ```
/// use mesh::Loader;
/// use sidecar::{LintOptions, lint};
///
/// let mut loader = Loader::new();
/// loader.add("new.yaml", b"
/// apiVersion: networking.istio.io/v1
/// kind: Sidecar
/// metadata: {name: default, namespace: shop}
/// spec: {egress: [{hosts: ['./*']}], outboundTrafficPolicy: {}}
/// ");
/// let found = lint(&loader.finish().inventory, &LintOptions::default());
/// assert_eq!(found[0].code, "policy-without-mode");
/// assert_eq!(found[0].instead.as_deref(), Some("mode: ALLOW_ANY"));
/// ```
pub fn lint(inventory: &Inventory, options: &LintOptions) -> Vec<Finding> {
    let mut found = Vec::new();
    let accepted = accepted(inventory, &mut found);
    let sidecars: Vec<Sidecar> = accepted.objects.iter().filter_map(Sidecar::read).collect();
    // Without any workload there is no telling what a selector selects.
    if !accepted.workloads.is_empty() {
        let selection = Selection::new(&sidecars, &accepted.workloads);
        analyzer::check_selectors(&selection, &mut found);
        selection::check(&selection, &mut found);
    }
    analyzer::check_wide(&accepted, &sidecars, &mut found);
    let views: Vec<View> = revisions(&accepted, options)
        .into_iter()
        .map(|revision| Settings { version: options.version, revision, ..Settings::default() })
        .map(|settings| View::new(&accepted, settings))
        .collect();
    check_discovery(&accepted, &views, &sidecars, &mut found);
    for view in &views {
        inherit::check(view, &accepted, &mut found);
        selection::check_order(view, &accepted.workloads, &mut found);
        hosts::check(view, &accepted, &mut found);
        routing::check(view, &accepted, &mut found);
    }
    if let Some(selector) = &options.selector {
        let wanted = meeting(&accepted, inventory, selector);
        found.retain(|finding| wanted.contains(&finding.object));
    }
    found.sort_by(|one, other| key(one).cmp(&key(other)));
    // What is wrong under one revision is wrong under another, and said once.
    found.dedup_by(|next, kept| key(next) == key(kept) && next.instead == kept.instead);
    found
}

fn key(finding: &Finding) -> impl Ord + use<'_> {
    let place = (&finding.object, &finding.field);
    (finding.severity, place, finding.code, &finding.message)
}

/// A finding about a field of a Sidecar that an API server takes.
fn finding(
    code: &Code,
    sidecar: &Sidecar,
    field: impl Into<String>,
    message: impl Into<String>,
) -> Finding {
    Finding::new(code, name(sidecar), field, message)
}

fn name(sidecar: &Sidecar) -> String {
    format!("Sidecar/{}", sidecar.meta.qualified_name())
}

/// The inventory without the objects that an API server refuses; what is wrong with each is said.
fn accepted<'i>(inventory: &'i Inventory, found: &mut Vec<Finding>) -> Cow<'i, Inventory> {
    let mut refused = HashSet::new();
    for (index, object) in inventory.objects.iter().enumerate() {
        for problem in problems(object) {
            if problem.rejected_by.is_some() {
                refused.insert(index);
            }
            let name = format!("{}/{}", object.kind, object.meta.qualified_name());
            let instead = full_name(inventory, object, &problem.field);
            let finding = Finding::new(problem.code, name, problem.field, problem.message);
            found.push(Finding { rejected_by: problem.rejected_by, instead, ..finding });
        }
    }
    if refused.is_empty() {
        return Cow::Borrowed(inventory);
    }
    let mut accepted = inventory.clone();
    let mut index = 0;
    accepted.objects.retain(|_| {
        index += 1;
        !refused.contains(&(index - 1))
    });
    Cow::Owned(accepted)
}

/// What a short name in `hosts` means, as `NAMESPACE/HOST`, where there is such a Service.
fn full_name(inventory: &Inventory, object: &Object, field: &str) -> Option<String> {
    let place = field.strip_prefix("spec")?.replace(['.', '['], "/").replace(']', "");
    let (namespace, name) = object.spec.pointer(&place)?.as_str()?.split_once('/')?;
    let own = object.meta.namespace.as_str();
    let namespace = if namespace == "." { own } else { namespace };
    let is_it = |it: &&Service| it.meta.name == name && it.meta.namespace == namespace;
    let service = inventory.services.iter().find(is_it)?;
    let host = kubernetes_host(name, &service.meta.namespace, &Settings::default().domain);
    Some(format!("{namespace}/{host}"))
}

/// The revisions to look under.
fn revisions(inventory: &Inventory, options: &LintOptions) -> BTreeSet<String> {
    if let Some(revision) = &options.revision {
        return BTreeSet::from([revision.clone()]);
    }
    let proxies = inventory.workloads.iter().map(|workload| &workload.proxy);
    let proxies = proxies.filter(|proxy| proxy.kind != ProxyKind::None);
    let mut revisions: BTreeSet<String> = proxies.map(|proxy| proxy.revision.clone()).collect();
    if revisions.is_empty() {
        revisions.insert(DEFAULT_REVISION.to_owned());
    }
    revisions
}

/// Sidecars in namespaces that no istiod looks into.
fn check_discovery(
    inventory: &Inventory,
    views: &[View],
    sidecars: &[Sidecar],
    found: &mut Vec<Finding>,
) {
    for sidecar in sidecars {
        let namespace = &sidecar.meta.namespace;
        let is_seen = |view: &View| {
            inventory.discovered(namespace, inventory.mesh_config(&view.settings.revision))
        };
        if !views.iter().any(is_seen) {
            let message = format!(
                "MeshConfig's discoverySelectors do not select the namespace `{namespace}`: the Sidecar \
                 counts for nothing"
            );
            found.push(finding(
                &code::NAMESPACE_UNDISCOVERED,
                sidecar,
                "metadata.namespace",
                message,
            ));
        }
    }
}

/// The Sidecars that can apply to pods with these labels, by name; those too that are refused.
fn meeting(accepted: &Inventory, all: &Inventory, selector: &Selector) -> HashSet<String> {
    let pods = accepted.workloads.iter().filter(|it| selector.matches(&it.labels));
    let pods: Vec<&Workload> = pods.collect();
    let namespaces: HashSet<&str> = pods.iter().map(|it| it.meta.namespace.as_str()).collect();
    let roots: HashSet<&str> = pods
        .iter()
        .map(|it| accepted.mesh_config(&it.proxy.revision).root_namespace.as_str())
        .collect();
    let sidecars = all.objects.iter().filter_map(Sidecar::read);
    let can_apply = |sidecar: &Sidecar| {
        let own = sidecar.meta.namespace.as_str();
        let selects =
            |pod: &&Workload| pod.meta.namespace == own && sidecar.mismatch(&pod.labels).is_none();
        match sidecar.is_wide() {
            true => namespaces.contains(own) || roots.contains(own),
            false => namespaces.contains(own) && pods.iter().any(selects),
        }
    };
    sidecars.filter(can_apply).map(|sidecar| name(&sidecar)).collect()
}

/// The namespaces of the proxies that a Sidecar can apply to: its own, and for one of the root
/// namespace without a selector those that have none of their own for all pods.
fn namespaces_of<'i>(
    view: &'i View,
    inventory: &'i Inventory,
    sidecar: &'i Arc<Sidecar>,
) -> Vec<&'i str> {
    let own = sidecar.meta.namespace.as_str();
    if own != view.root_namespace || !sidecar.is_wide() {
        return vec![own];
    }
    let known: BTreeSet<&str> = match inventory.workloads.as_slice() {
        [] => inventory.namespaces.keys().map(String::as_str).collect(),
        workloads => workloads.iter().map(|workload| workload.meta.namespace.as_str()).collect(),
    };
    let is_left = |namespace: &&str| {
        *namespace == own || !view.sidecars(namespace).iter().any(|it| selects_all(it))
    };
    known.into_iter().filter(is_left).collect()
}

/// Whether a Sidecar selects every pod of its namespace.
fn selects_all(sidecar: &Sidecar) -> bool {
    sidecar.workload_selector.as_ref().is_none_or(|labels| labels.is_empty())
}
