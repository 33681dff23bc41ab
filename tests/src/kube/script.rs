//! What a test does to the cluster and its server, and what it asks of them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::KubeServer;
use super::body::Cut;
use super::kinds::{self, Kind, named};
use super::logs::{Log, LogKey};
use super::rules::Rule;
use super::shared::{Answers, Request, Shared};
use super::store::{Store, key, now};

/// Objects.
impl KubeServer {
    /// Creates or replaces the objects of these documents, YAML or JSON; a `List` is its items.
    ///
    /// Their namespaces are made where they are missing. What a document says of uid, times and status
    /// is kept.
    ///
    /// # Panics
    ///
    /// If a document can't be read, or the server has no such kind.
    pub fn apply(&self, documents: &str) {
        for document in serde_saphyr::from_multiple::<Value>(documents).unwrap() {
            self.apply_object(document);
        }
    }

    /// The same with one document.
    pub fn apply_object(&self, mut object: Value) {
        if let Value::Array(items) = object["items"].take() {
            items.into_iter().for_each(|item| self.apply_object(item));
            return;
        }
        object.as_object_mut().unwrap().remove("items");
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        let (kind, _) = kinds::of_manifest(text("apiVersion"), text("kind"))
            .unwrap_or_else(|| panic!("no such kind: {} {}", text("apiVersion"), text("kind")));
        if kind.namespaced && object["metadata"]["namespace"].is_null() {
            object["metadata"]["namespace"] = "default".into();
        }
        // YAML makes a truth value of a name such as `n`.
        for field in ["namespace", "name"] {
            let value = &object["metadata"][field];
            assert!(
                value.is_string() || field == "namespace" && value.is_null(),
                "{field}: {value}"
            );
        }
        let mut store = self.store();
        store.ensure_namespace(&key(kind, &object).0);
        let object = store.prepared(kind, object);
        store.put(kind, object);
    }

    /// Changes an object in place.
    ///
    /// # Panics
    ///
    /// If it is not there.
    pub fn change(&self, kind: &str, namespace: &str, name: &str, how: impl FnOnce(&mut Value)) {
        self.shared.change(named(kind), namespace, name, how);
    }

    /// Deletes an object at once, and a pod's logs with it, whose streams end. Says whether it was there.
    pub fn delete(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let removed = self.store().remove(named(kind), &(namespace.to_owned(), name.to_owned()));
        if kind == "Pod" {
            self.shared.logs.forget(namespace, name);
        }
        removed.is_some()
    }

    /// An object as it is. The kind may be followed by a dot and its group.
    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let object = self.store().get(named(kind), &(namespace.to_owned(), name.to_owned()))?;
        Some((*object).clone())
    }

    /// All objects of a kind, by namespace and name.
    pub fn list(&self, kind: &str) -> Vec<Value> {
        self.store().all(named(kind)).map(|(_, object)| (**object).clone()).collect()
    }

    fn store(&self) -> std::sync::MutexGuard<'_, Store> {
        self.shared.store.lock().unwrap()
    }
}

/// Access.
impl KubeServer {
    /// Forbids something, whatever roles allow.
    pub fn forbid(&self, rule: Rule) {
        self.shared.access.lock().unwrap().forbidden.push(rule);
    }

    /// Lets roles decide from now on: ClusterRoles and Roles among these documents, for the subjects of
    /// their bindings where there are bindings among them, for everybody where there are none.
    pub fn allow_only(&self, documents: &str) {
        let documents = serde_saphyr::from_multiple::<Value>(documents).unwrap();
        self.shared.access.lock().unwrap().allow_only(&documents);
    }

    /// Whether every token is refused with 401.
    pub fn unauthorized(&self, all: bool) {
        self.shared.access.lock().unwrap().unauthorized = all;
    }
}

/// Faults.
impl KubeServer {
    /// Answers the next `count` requests whose path begins so with this status.
    pub fn fail(&self, prefix: &str, count: usize, status: u16, retry_after: Option<u64>) {
        let prefix = prefix.to_owned();
        let answers = Answers { prefix, left: count, status, retry_after };
        self.shared.faults.lock().unwrap().failures.push(answers);
    }

    /// Has an admission webhook refuse objects of this kind in these words, also in a dry run.
    ///
    /// The API server puts `admission webhook "NAME" denied the request: ` before a webhook's message.
    pub fn refuse(&self, kind: &str, message: &str) {
        self.shared.faults.lock().unwrap().refused.insert(named(kind).kind, message.to_owned());
    }

    /// Takes the kinds of these API groups away, as if their definitions were not installed.
    pub fn without_groups(&self, groups: &[&str]) {
        let groups = groups.iter().map(|group| (*group).to_owned());
        self.shared.faults.lock().unwrap().missing.extend(groups);
    }

    /// Cuts all streams of logs that are open.
    pub fn cut_logs(&self, cut: Cut) {
        self.shared.log_cuts.send_modify(|last| *last = (last.0 + 1, cut));
    }

    /// Cuts the next stream of this log after `bytes` of its body. Several of them are for the streams
    /// after the next.
    pub fn cut_log_at(&self, namespace: &str, pod: &str, container: &str, bytes: usize, cut: Cut) {
        let key = (namespace.to_owned(), pod.to_owned(), container.to_owned());
        let mut faults = self.shared.faults.lock().unwrap();
        faults.cuts.entry(key).or_default().push_back((bytes, cut));
    }

    /// Cuts all watches.
    pub fn cut_watches(&self, cut: Cut) {
        self.shared.watch_cuts.send_modify(|last| *last = (last.0 + 1, cut));
    }

    /// Tells all watches that they are too old (410), and ends them.
    pub fn expire_watches(&self) {
        self.shared.expired_watches.send_modify(|count| *count += 1);
    }

    /// Forgets the history: every version that somebody has is too old. Watches that are open go on.
    pub fn compact(&self) {
        self.store().compact();
    }

    /// Whether a watch of a version that is too old is answered by a status of 410. Otherwise it is, as
    /// from kube-apiserver, answered by an event.
    pub fn gone_as_status(&self, yes: bool) {
        self.shared.faults.lock().unwrap().gone_as_status = yes;
    }

    /// Has new streams write so many bytes at most, and pause after each write; `None` is at full speed.
    pub fn slow(&self, pace: Option<(usize, Duration)>) {
        self.shared.faults.lock().unwrap().slow = pace;
    }

    /// How often new watches that want bookmarks get one; a minute unless set.
    pub fn bookmark_every(&self, time: Duration) {
        self.shared.faults.lock().unwrap().bookmarks = time;
    }
}

/// What came.
impl KubeServer {
    /// All requests, in the order they came.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.shared.requests.lock().unwrap().clear();
    }

    /// Requests that the server could make nothing of.
    pub fn problems(&self) -> Vec<String> {
        self.shared.problems.lock().unwrap().clone()
    }

    /// How many streams of logs are open.
    pub fn open_logs(&self) -> usize {
        self.shared.open_logs.load(Ordering::SeqCst)
    }

    /// How many watches are open.
    pub fn open_watches(&self) -> usize {
        self.shared.open_watches.load(Ordering::SeqCst)
    }

    /// The log of a container, which is there from the first call on.
    pub fn log(&self, namespace: &str, pod: &str, container: &str) -> LogHandle {
        let key = (namespace.to_owned(), pod.to_owned(), container.to_owned());
        LogHandle { log: self.shared.logs.of(&key), shared: self.shared.clone(), key }
    }
}

/// The log of a container, to write to. A pod that is made anew has new ones.
#[derive(Debug, Clone)]
pub struct LogHandle {
    log: Arc<Mutex<Log>>,
    shared: Arc<Shared>,
    key: LogKey,
}

impl LogHandle {
    /// Adds a line, without its newline; its time is now.
    pub fn line(&self, line: impl AsRef<[u8]>) {
        self.lines(&[line]);
    }

    /// Adds lines at once; their times are now, a nanosecond apart.
    pub fn lines(&self, lines: &[impl AsRef<[u8]>]) {
        self.append(None, lines);
    }

    /// Adds a line of this time, even if it is before that of earlier lines.
    pub fn line_at(&self, time: Timestamp, line: impl AsRef<[u8]>) {
        self.append(Some(time), &[line]);
    }

    fn append(&self, time: Option<Timestamp>, lines: &[impl AsRef<[u8]>]) {
        let run = self.log.lock().unwrap().current.clone();
        run.append(time, lines);
    }

    /// Rotates: requests from now on read a new file. Streams that are open go on.
    pub fn rotate(&self) {
        self.log.lock().unwrap().current.rotate();
    }

    /// Keeps no more than the newest `most` lines, so that memory stays flat.
    pub fn keep(&self, most: usize) {
        self.log.lock().unwrap().current.keep(most);
    }

    /// Restarts the container: its streams end, its log becomes the previous one, and its status in the
    /// pod tells of it.
    pub fn restart(&self) {
        self.begin_anew();
        self.tell_restart();
    }

    /// The container's log alone of a restart.
    pub(crate) fn begin_anew(&self) {
        self.log.lock().unwrap().restart();
    }

    /// The pod's status alone of a restart.
    pub(crate) fn tell_restart(&self) {
        let (namespace, pod, container) = &self.key;
        self.shared.change(named("Pod"), namespace, pod, |pod| restarted(pod, container));
    }

    /// Ends the container for good, with this exit code: its streams end.
    pub fn end(&self, exit_code: i32) {
        self.log.lock().unwrap().current.end();
        let (namespace, pod, container) = &self.key;
        self.shared.change(named("Pod"), namespace, pod, |pod| {
            if let Some(status) = status(pod, container) {
                status["state"] = terminated(status, exit_code);
                status["ready"] = false.into();
            }
        });
    }
}

impl Shared {
    fn change(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        how: impl FnOnce(&mut Value),
    ) {
        let mut store = self.store.lock().unwrap();
        let key = (namespace.to_owned(), name.to_owned());
        let before = store.get(kind, &key).unwrap_or_else(|| panic!("no {} {name}", kind.kind));
        let mut object = (*before).clone();
        how(&mut object);
        let object = store.prepared(kind, object);
        store.put(kind, object);
    }
}

fn restarted(pod: &mut Value, container: &str) {
    let Some(status) = status(pod, container) else { return };
    let count = status["restartCount"].as_u64().unwrap_or_default() + 1;
    status["lastState"] = terminated(status, 1);
    status["restartCount"] = count.into();
    status["containerID"] = format!("containerd://{container}-{count}").into();
    status["state"] = json!({"running": {"startedAt": now()}});
}

/// The state of a container that ran as this status says and has ended.
fn terminated(status: &Value, exit_code: i32) -> Value {
    let id = status["containerID"].as_str().unwrap_or("containerd://first");
    json!({"terminated": {
        "exitCode": exit_code,
        "reason": if exit_code == 0 { "Completed" } else { "Error" },
        "startedAt": status["state"]["running"]["startedAt"],
        "finishedAt": now(),
        "containerID": id,
    }})
}

fn status<'a>(pod: &'a mut Value, container: &str) -> Option<&'a mut Value> {
    let status = pod["status"].as_object_mut()?;
    status
        .iter_mut()
        .filter(|(field, _)| field.to_lowercase().ends_with("containerstatuses"))
        .flat_map(|(_, statuses)| statuses.as_array_mut().into_iter().flatten())
        .find(|status| status["name"] == container)
}
