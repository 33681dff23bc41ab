//! An inventory as it would be if other objects were applied to it.

use crate::inventory::{Inventory, MeshConfigs};
use crate::meta::Meta;

impl Inventory {
    /// This inventory with the objects of another: one that is there already is replaced, and keeps
    /// the time at which it was created, as in a cluster. A MeshConfig of the other wins over the one
    /// here. The lists stay sorted.
    ///
    /// ```
    /// use mesh::Loader;
    ///
    /// let load = |text: &str| {
    ///     let mut loader = Loader::new();
    ///     loader.add("mesh.yaml", text.as_bytes());
    ///     loader.finish().inventory
    /// };
    /// let there = load(
    ///     "{apiVersion: v1, kind: Service, metadata: {name: a, creationTimestamp: 2024-01-01T00:00:00Z}}",
    /// );
    /// let with = there.with(load(
    ///     "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {new: 'true'}}}",
    /// ));
    /// assert_eq!(with.services.len(), 1);
    /// assert_eq!(with.services[0].meta.labels["new"], "true");
    /// assert!(with.services[0].meta.created.is_some());
    /// ```
    #[must_use]
    pub fn with(&self, new: Inventory) -> Inventory {
        let mut all = self.clone();
        for (name, namespace) in new.namespaces {
            // One that objects only name says nothing of its labels.
            if namespace.declared || !all.namespaces.contains_key(&name) {
                all.namespaces.insert(name, namespace);
            }
        }
        lay(&mut all.services, new.services, |it| &mut it.meta, |_| String::new());
        lay(&mut all.service_entries, new.service_entries, |it| &mut it.meta, |_| String::new());
        lay(&mut all.workload_entries, new.workload_entries, |it| &mut it.meta, |_| String::new());
        lay(&mut all.endpoint_slices, new.endpoint_slices, |it| &mut it.meta, |_| String::new());
        lay(&mut all.pods, new.pods, |it| &mut it.meta, |_| String::new());
        lay(&mut all.workloads, new.workloads, |it| &mut it.meta, |it| format!("{:?}", it.kind));
        lay(
            &mut all.objects,
            new.objects,
            |it| &mut it.meta,
            |it| format!("{}/{}", it.group, it.kind),
        );
        all.configs = configs(all.configs, new.configs);
        all.injectors.extend(new.injectors);
        all
    }
}

/// Lays objects over others. What is an object besides its namespace and name, `kind` tells.
fn lay<T>(
    here: &mut Vec<T>,
    new: Vec<T>,
    meta: impl Fn(&mut T) -> &mut Meta,
    kind: impl Fn(&T) -> String,
) {
    let key = |it: &mut T| {
        let kind = kind(it);
        let meta = meta(it);
        (kind, meta.namespace.clone(), meta.name.clone())
    };
    let mut keyed: std::collections::BTreeMap<_, T> =
        std::mem::take(here).into_iter().map(|mut it| (key(&mut it), it)).collect();
    for mut object in new {
        let key = key(&mut object);
        if let Some(old) = keyed.get_mut(&key) {
            meta(&mut object).created = meta(old).created;
        }
        keyed.insert(key, object);
    }
    here.extend(keyed.into_values());
}

fn configs(mut here: MeshConfigs, new: MeshConfigs) -> MeshConfigs {
    if !new.by_revision.is_empty() {
        // A file that was given as the mesh configuration would hide it.
        here.given = None;
    }
    here.by_revision.extend(new.by_revision);
    here.given = new.given.or(here.given);
    here
}
