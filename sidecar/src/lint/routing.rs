//! What Sidecars import, and VirtualServices that do not count for it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mesh::lint::Finding;
use mesh::{Inventory, Labels, ProxyKind};

use super::{code, finding, namespaces_of, ports};
use crate::hostname::{is_wildcard, overlap};
use crate::object::Sidecar;
use crate::scope::{Scope, ScopeListener, Target};
use crate::view::{Routing, View};

/// The most namespaces that a Sidecar of the root namespace is looked at from.
const NAMESPACES: usize = 200;

/// A VirtualService that a listener drops, with a host of a service that the listener imports.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Dropped {
    listener: usize,
    kind: String,
    namespace: String,
    name: String,
    host: String,
}

pub(super) fn check(view: &View, inventory: &Inventory, found: &mut Vec<Finding>) {
    let labels = Labels::new();
    for sidecar in view.sidecars.values().flatten().filter(|sidecar| !sidecar.egress.is_empty()) {
        // From how many namespaces each is dropped, and the first of them.
        let mut dropped: BTreeMap<Dropped, (&str, usize)> = BTreeMap::new();
        for namespace in namespaces_of(view, inventory, sidecar).into_iter().take(NAMESPACES) {
            let target = Target { namespace, labels: &labels, kind: ProxyKind::Sidecar };
            let scope = Scope::applied(view, &target, Arc::clone(sidecar));
            ports::check(sidecar, &scope, found);
            for (index, listener) in scope.listeners.iter().enumerate() {
                for it in dropped_by(view, index, listener, namespace) {
                    dropped.entry(it).or_insert((namespace, 0)).1 += 1;
                }
            }
        }
        found.extend(dropped.iter().map(|(it, from)| told(sidecar, it, *from)));
    }
}

/// What a listener drops for the proxies of a namespace.
fn dropped_by(
    view: &View,
    index: usize,
    listener: &ScopeListener,
    namespace: &str,
) -> Vec<Dropped> {
    let exact: HashSet<&str> =
        listener.services.iter().map(|it| it.service.host.as_str()).collect();
    let wild: Vec<&str> = exact.iter().copied().filter(|host| is_wildcard(host)).collect();
    let imported = |own: &str| -> Option<String> {
        if let Some(host) = exact.get(own) {
            return Some((*host).to_owned());
        }
        let among: Box<dyn Iterator<Item = &&str>> = match is_wildcard(own) {
            true => Box::new(exact.iter()),
            false => Box::new(wild.iter()),
        };
        among.copied().filter(|host| overlap(own, host)).min().map(str::to_owned)
    };
    let counts: HashSet<*const _> =
        listener.virtual_services.iter().map(|it| Arc::as_ptr(&it.object)).collect();
    let is_dropped = |routing: &&Routing| {
        let own = &routing.object.meta.namespace;
        !counts.contains(&Arc::as_ptr(&routing.object))
            && routing.export_to.seen_from(namespace, own).is_some()
            && !takes_away(listener, own, namespace)
    };
    let dropped = view.virtual_services.iter().filter(is_dropped);
    let dropped = dropped.filter_map(|routing| {
        let object = &routing.object;
        let host = object.hosts.iter().find_map(|own| imported(own))?;
        Some(Dropped {
            listener: index,
            kind: object.kind.clone(),
            namespace: object.meta.namespace.clone(),
            name: object.meta.name.clone(),
            host,
        })
    });
    dropped.collect()
}

/// Whether a listener takes something of a namespace away: what is dropped then is so on purpose.
fn takes_away(listener: &ScopeListener, namespace: &str, own: &str) -> bool {
    let taken = listener.declared.hosts.iter().filter_map(|host| host.strip_prefix('~'));
    let mut taken = taken.filter_map(|host| host.split_once('/'));
    taken.any(|(of, _)| match of {
        "" | "*" => true,
        "." => namespace == own,
        of => of == namespace,
    })
}

fn told(sidecar: &Sidecar, dropped: &Dropped, (from, namespaces): (&str, usize)) -> Finding {
    let Dropped { listener, kind, namespace, name, host } = dropped;
    let scope = match namespaces {
        1 if from == sidecar.meta.namespace => String::new(),
        1 => format!(" for proxies of `{from}`"),
        more => format!(" for proxies of `{from}` and {} more namespaces", more - 1),
    };
    let message = format!(
        "they import `{host}` but not {kind} {namespace}/{name}, which says where its traffic goes: no host is \
         for the namespace `{namespace}`, so that its routes do not count{scope}"
    );
    let of = if *namespace == from { "." } else { namespace.as_str() };
    finding(
        &code::VIRTUAL_SERVICE_DROPPED,
        sidecar,
        format!("spec.egress[{listener}].hosts"),
        message,
    )
    .instead(Some(format!("{of}/{host} beside them")))
}
