//! Watches: what changed since a version, and then what changes.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::body::{Cut, Stream};
use super::read;
use super::route::{Answer, Asked, Target};
use super::select::Selector;
use super::shared::Shared;
use super::status::Failure;
use super::store::{Change, key};

/// The API server draws between this and its double.
const TIMEOUT: u64 = 1800;

struct Watch {
    target: Target,
    selector: Selector,
    /// What the client knows.
    version: u64,
    bookmarks: bool,
    until: Instant,
    cuts: tokio::sync::watch::Receiver<(u64, Cut)>,
    expired: tokio::sync::watch::Receiver<u64>,
}

pub(crate) fn answer(
    shared: &Arc<Shared>,
    target: &Target,
    asked: &Asked,
) -> Result<Answer, Failure> {
    if asked.query.contains_key("sendInitialEvents") {
        return Err(Failure::invalid(
            target.kind,
            "",
            "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the \
             WatchList feature gate is enabled",
        ));
    }
    let selector = read::selector(target, asked)?;
    let seconds = asked.number("timeoutSeconds")?.filter(|seconds| *seconds > 0);
    let from = asked.number("resourceVersion")?.unwrap_or_default();
    let (mut stream, body) = Stream::new(&shared.open_watches);
    let target = Target {
        kind: target.kind,
        version: target.version,
        namespace: target.namespace.clone(),
        name: String::new(),
        subresource: String::new(),
    };
    let store = shared.store.lock().unwrap();
    let faults = shared.faults.lock().unwrap();
    stream.slow = faults.slow;
    if from != 0 && from < store.oldest() {
        let failure = Failure::expired(from, store.oldest());
        if faults.gone_as_status {
            return Err(failure);
        }
        tokio::spawn(async move { stream.send(error(&failure)).await });
        return Ok(Answer::Watch(body));
    }
    let mut watch = Watch {
        target,
        selector,
        version: from,
        bookmarks: asked.is_set("allowWatchBookmarks"),
        until: Instant::now() + Duration::from_secs(seconds.unwrap_or(TIMEOUT)),
        cuts: shared.watch_cuts.subscribe(),
        expired: shared.expired_watches.subscribe(),
    };
    let mut first = BytesMut::new();
    if from == 0 {
        watch.version = store.version();
        for (key, object) in store.all(watch.target.kind) {
            if read::is_in(&watch.target.namespace, key) && watch.selector.selects(object) {
                event(&mut first, "ADDED", &watch.target.shown(object));
            }
        }
    }
    drop(store);
    tokio::spawn(watch.run(shared.clone(), stream, first.freeze(), faults.bookmarks));
    Ok(Answer::Watch(body))
}

impl Watch {
    async fn run(mut self, shared: Arc<Shared>, mut stream: Stream, first: Bytes, every: Duration) {
        let mut versions = shared.store.lock().unwrap().subscribe();
        let mut bookmark = Instant::now() + every;
        let mut bytes = first;
        loop {
            if !bytes.is_empty() && stream.send(bytes).await.is_err() {
                return;
            }
            bytes = self.changes(&shared);
            if !bytes.is_empty() {
                continue;
            }
            tokio::select! {
                _ = versions.changed() => {}
                _ = self.cuts.changed() => {
                    let (_, cut) = *self.cuts.borrow_and_update();
                    return stream.end(cut).await;
                }
                _ = self.expired.changed() => {
                    let failure = Failure::expired(self.version, self.version + 1);
                    let _client_has_gone = stream.send(error(&failure)).await;
                    return;
                }
                () = stream.closed() => return,
                () = tokio::time::sleep_until(bookmark), if self.bookmarks => {
                    bookmark = Instant::now() + every;
                    bytes = self.bookmark();
                }
                () = tokio::time::sleep_until(self.until) => return stream.end(Cut::Clean).await,
            }
        }
    }

    /// What the client does not know yet.
    fn changes(&mut self, shared: &Shared) -> Bytes {
        let store = shared.store.lock().unwrap();
        let mut bytes = BytesMut::new();
        for change in store.since(self.version) {
            if change.kind == self.target.kind.index() {
                self.change(&mut bytes, change);
            }
        }
        self.version = store.version();
        bytes.freeze()
    }

    /// An object that comes to be selected is added, and one that ceases to be is deleted.
    fn change(&self, bytes: &mut BytesMut, change: &Change) {
        let selected = |object: &Option<Arc<Value>>| {
            object.clone().filter(|object| {
                read::is_in(&self.target.namespace, &key(self.target.kind, object))
                    && self.selector.selects(object)
            })
        };
        match (selected(&change.before), selected(&change.after)) {
            (None, None) => {}
            (None, Some(after)) => event(bytes, "ADDED", &self.target.shown(&after)),
            (Some(_), Some(after)) => event(bytes, "MODIFIED", &self.target.shown(&after)),
            (Some(before), None) => {
                let mut last = self.target.shown(&before);
                last["metadata"]["resourceVersion"] = change.version.to_string().into();
                event(bytes, "DELETED", &last);
            }
        }
    }

    fn bookmark(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        let object = json!({
            "kind": self.target.kind.kind,
            "apiVersion": self.target.kind.api_version(self.target.version),
            "metadata": {"resourceVersion": self.version.to_string(), "creationTimestamp": null},
        });
        event(&mut bytes, "BOOKMARK", &object);
        bytes.freeze()
    }
}

fn error(failure: &Failure) -> Bytes {
    let mut bytes = BytesMut::new();
    event(&mut bytes, "ERROR", &failure.status());
    bytes.freeze()
}

fn event(bytes: &mut BytesMut, of: &str, object: &Value) {
    bytes.put_slice(json!({"type": of, "object": object}).to_string().as_bytes());
    bytes.put_slice(b"\n");
}
