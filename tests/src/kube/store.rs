//! The objects, and the history that watches read.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::kinds::{self, KINDS, Kind};

/// Namespace and name; the namespace is empty for objects of the cluster.
pub(crate) type Key = (String, String);

/// One change, as a watch tells it.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The resource version after it.
    pub(crate) version: u64,
    /// The object's kind, as its place in the table.
    pub(crate) kind: usize,
    /// The object as it was.
    pub(crate) before: Option<Arc<Value>>,
    /// The object as it is; a deleted one is in `before` only, but has this version.
    pub(crate) after: Option<Arc<Value>>,
}

/// All objects of the cluster.
#[derive(Debug)]
pub(crate) struct Store {
    objects: Vec<BTreeMap<Key, Arc<Value>>>,
    changes: Vec<Change>,
    version: watch::Sender<u64>,
    /// What is older than this is forgotten.
    oldest: u64,
    numbers: u64,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            objects: KINDS.iter().map(|_| BTreeMap::new()).collect(),
            changes: Vec::new(),
            // A real server is never at 1 either, and a client must not think that 0 is the first.
            version: watch::Sender::new(1000),
            oldest: 0,
            numbers: 0,
        }
    }

    pub(crate) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    pub(crate) fn oldest(&self) -> u64 {
        self.oldest
    }

    /// Tells of each new version.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(crate) fn get(&self, kind: &'static Kind, key: &Key) -> Option<Arc<Value>> {
        self.objects[kind.index()].get(key).cloned()
    }

    /// All objects of a kind, in the order of their names.
    pub(crate) fn all(
        &self,
        kind: &'static Kind,
    ) -> impl Iterator<Item = (&Key, &Arc<Value>)> + use<'_> {
        self.objects[kind.index()].iter()
    }

    /// The changes after this version, the oldest first.
    pub(crate) fn since(&self, version: u64) -> &[Change] {
        let start = self.changes.partition_point(|change| change.version <= version);
        &self.changes[start..]
    }

    /// What the object would be, once stored: with its name, times, identity and generation.
    pub(crate) fn prepared(&mut self, kind: &'static Kind, mut object: Value) -> Value {
        let before = self.get(kind, &key(kind, &object));
        object["apiVersion"] = kind.api_version(kind.versions[0]).into();
        object["kind"] = kind.kind.into();
        let meta = &mut object["metadata"];
        match &before {
            Some(before) => {
                for field in ["uid", "creationTimestamp", "generation"] {
                    meta[field] = before["metadata"][field].clone();
                }
            }
            None => {
                let number = self.next_number();
                if meta["uid"].is_null() {
                    meta["uid"] = format!("00000000-0000-4000-8000-{number:012x}").into();
                }
                if meta["creationTimestamp"].is_null() {
                    meta["creationTimestamp"] = now().into();
                }
                meta["generation"] = json!(1);
            }
        }
        if let Some(before) = before
            && before["spec"] != object["spec"]
        {
            let generation = before["metadata"]["generation"].as_u64().unwrap_or_default();
            object["metadata"]["generation"] = (generation + 1).into();
        }
        object
    }

    /// A number that nobody has yet.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Stores a prepared object; one that says nothing new is no change.
    pub(crate) fn put(&mut self, kind: &'static Kind, mut object: Value) -> Arc<Value> {
        let key = key(kind, &object);
        let before = self.get(kind, &key);
        if let Some(before) = &before {
            object["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
            if object == **before {
                return before.clone();
            }
        }
        let version = self.version() + 1;
        object["metadata"]["resourceVersion"] = version.to_string().into();
        let object = Arc::new(object);
        self.objects[kind.index()].insert(key, object.clone());
        self.record(version, kind, before, Some(object.clone()));
        object
    }

    /// Removes an object, and gives it as it was.
    pub(crate) fn remove(&mut self, kind: &'static Kind, key: &Key) -> Option<Arc<Value>> {
        let gone = self.objects[kind.index()].remove(key)?;
        let version = self.version() + 1;
        let mut last = (*gone).clone();
        last["metadata"]["resourceVersion"] = version.to_string().into();
        self.record(version, kind, Some(Arc::new(last)), None);
        Some(gone)
    }

    fn record(
        &mut self,
        version: u64,
        kind: &'static Kind,
        before: Option<Arc<Value>>,
        after: Option<Arc<Value>>,
    ) {
        self.changes.push(Change { version, kind: kind.index(), before, after });
        self.version.send_replace(version);
    }

    /// Forgets the history, so that all earlier versions are too old.
    pub(crate) fn compact(&mut self) {
        // The version moves on, so that even the newest one that somebody has is too old.
        let version = self.version() + 1;
        self.changes.clear();
        self.oldest = version;
        self.version.send_replace(version);
    }

    /// Makes the namespace of this object, where it is missing.
    pub(crate) fn ensure_namespace(&mut self, name: &str) {
        let kind = kinds::named("Namespace");
        if name.is_empty() || self.get(kind, &(String::new(), name.to_owned())).is_some() {
            return;
        }
        let object = self.prepared(
            kind,
            json!({
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            }),
        );
        self.put(kind, object);
    }
}

/// The place of an object of this kind.
pub(crate) fn key(kind: &Kind, object: &Value) -> Key {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    (if kind.namespaced { text("namespace") } else { String::new() }, text("name"))
}

/// The time as objects carry it: UTC, in seconds.
pub(crate) fn now() -> String {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap().to_string()
}
