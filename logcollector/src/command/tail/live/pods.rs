//! The pods that are followed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;

use crate::cli::TailArgs;
use crate::cluster::{Client, Event, Follow, Source, State, Target, Window, containers, uid};
use crate::error::Error;
use crate::notes::Notes;

/// The container of the proxy, unless another is asked for.
const PROXY: &str = "istio-proxy";
/// How much the clocks of nodes may differ from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// How many pods are named at once.
const NAMED: usize = 8;

/// The pods of the target.
pub(super) struct Pods {
    client: Client,
    target: Target,
    container: String,
    window: Window,
    max_line: usize,
    most: usize,
    /// A while before the command began: clocks differ.
    begun: Timestamp,
    events: Sender<Event>,
    by_uid: HashMap<String, Followed>,
    /// Whether it was said that there are more pods than are followed.
    told_of_most: bool,
}

/// A pod.
struct Followed {
    source: Arc<Source>,
    /// The object as JSON, without what only its managers need.
    text: String,
    state: watch::Sender<State>,
    log: Log,
    /// Whether it came after the beginning: all that it has written since is new.
    is_late: bool,
}

/// Where its log stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    /// It has no such container.
    None,
    /// It is to be followed.
    Waits,
    Followed,
    Ended,
}

impl Pods {
    pub(super) fn new(
        client: &Client,
        target: &Target,
        args: &TailArgs,
        window: Window,
        events: Sender<Event>,
    ) -> Self {
        Self {
            client: client.clone(),
            target: target.clone(),
            container: args.live.container.clone().unwrap_or_else(|| PROXY.to_owned()),
            window,
            max_line: args.read.format.max_line,
            most: args.live.max_log_requests,
            begun: Timestamp::now().checked_sub(SKEW).unwrap_or(Timestamp::MIN),
            events,
            by_uid: HashMap::new(),
            told_of_most: false,
        }
    }

    /// Takes all pods that there are; whether some are new.
    pub(super) fn replace(&mut self, pods: Vec<Pod>, notes: &Notes) -> bool {
        let first = self.by_uid.is_empty();
        let there: HashSet<String> = pods.iter().map(uid).collect();
        let gone: Vec<String> =
            self.by_uid.keys().filter(|uid| !there.contains(*uid)).cloned().collect();
        for uid in gone {
            self.gone(&uid);
        }
        let mut came = false;
        for pod in pods {
            came |= self.take(pod, (!first).then_some(notes));
        }
        if first {
            self.say_first(notes);
        }
        came
    }

    fn say_first(&self, notes: &Notes) {
        let place = match &self.target.namespace {
            Some(namespace) => format!("namespace {namespace}"),
            None => "all namespaces".to_owned(),
        };
        let mut names: Vec<String> = self
            .by_uid
            .values()
            .filter(|pod| pod.log != Log::None)
            .map(|pod| crate::visible::text(pod.source.pod.as_bytes()))
            .collect();
        names.sort();
        if self.by_uid.is_empty() {
            if self.window.follow {
                let target = crate::visible::clipped(self.target.text.as_bytes(), 120);
                let target = if target.is_empty() {
                    "no pod".to_owned()
                } else {
                    format!("no pod `{target}`")
                };
                notes.say(&format!("{target} in {place} yet: waiting (a file has `./` in front)"));
            }
            return;
        }
        let without = self.by_uid.len() - names.len();
        if without > 0 {
            let container = crate::visible::text(self.container.as_bytes());
            notes.print(&format!("{without} pods have no container `{container}`"));
        }
        let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        if !names.is_empty() {
            let pods = if names.len() == 1 { "pod" } else { "pods" };
            notes.say(&format!("{} {pods} in {place}: {shown}{more}", names.len()));
        }
    }

    /// Takes a pod as it is now; whether it is new. A new one is told to `notes`.
    pub(super) fn take(&mut self, mut pod: Pod, notes: Option<&Notes>) -> bool {
        let uid = uid(&pod);
        pod.metadata.managed_fields = None;
        let state = State::of(&pod, &self.container);
        // Pods that cannot be written as JSON do not exist: they came as such.
        let text = serde_json::to_string(&pod).unwrap_or_default();
        if let Some(known) = self.by_uid.get_mut(&uid) {
            known.text = text;
            known.state.send_if_modified(|old| {
                let changed = *old != state;
                *old = state;
                changed
            });
            return false;
        }
        let has = containers(&pod).any(|name| name == self.container);
        let source = Arc::new(Source {
            namespace: pod.namespace().unwrap_or_default(),
            pod: pod.name_any(),
            container: self.container.clone(),
            uid: uid.clone(),
        });
        if has && let Some(notes) = notes {
            let name = format!("{}/{}", source.namespace, source.pod);
            notes.say(&format!("{}: came", crate::visible::text(name.as_bytes())));
        }
        let log = if has { Log::Waits } else { Log::None };
        let state = watch::Sender::new(state);
        let is_late = notes.is_some();
        self.by_uid.insert(uid, Followed { source, text, state, log, is_late });
        has
    }

    /// A pod is gone; its log ends by itself, and is given if it has ended already.
    pub(super) fn gone(&mut self, uid: &str) -> Option<Arc<Source>> {
        let gone = self.by_uid.remove(uid)?;
        (gone.log == Log::Ended).then_some(gone.source)
    }

    /// A log has ended.
    pub(super) fn ended(&mut self, source: &Source) {
        let followed =
            self.by_uid.values_mut().find(|pod| *pod.source == *source && pod.log == Log::Followed);
        if let Some(pod) = followed {
            pod.log = Log::Ended;
        }
    }

    /// Whether a pod of this name is there, be it this one or its successor.
    pub(super) fn has(&self, source: &Source) -> bool {
        let same = |it: &Source| (&it.namespace, &it.pod) == (&source.namespace, &source.pod);
        self.by_uid.values().any(|pod| same(&pod.source))
    }

    /// Begins to follow those that wait, as many as are allowed.
    pub(super) fn start(&mut self, notes: &Notes) {
        let mut free = self.most.saturating_sub(self.active());
        let mut waiting: Vec<&mut Followed> =
            self.by_uid.values_mut().filter(|pod| pod.log == Log::Waits).collect();
        waiting.sort_by(|one, other| one.source.pod.cmp(&other.source.pod));
        let late = Window { tail: None, since: Some(self.begun), ..self.window };
        for pod in waiting {
            if free == 0 {
                if self.window.follow && !std::mem::replace(&mut self.told_of_most, true) {
                    notes.print(&format!(
                        "{} logs are followed, and there are more: --max-log-requests allows more",
                        self.most
                    ));
                }
                return;
            }
            free -= 1;
            pod.log = Log::Followed;
            let follow = Follow {
                client: self.client.clone(),
                source: Arc::clone(&pod.source),
                window: if pod.is_late { late } else { self.window },
                max_line: self.max_line,
                state: pod.state.subscribe(),
                events: self.events.clone(),
            };
            tokio::spawn(follow.run());
        }
    }

    /// How many logs are followed.
    pub(super) fn active(&self) -> usize {
        self.by_uid.values().filter(|pod| pod.log == Log::Followed).count()
    }

    /// Whether there is no log to follow.
    pub(super) fn is_empty(&self) -> bool {
        self.by_uid.values().all(|pod| pod.log == Log::None)
    }

    /// Whether all logs have ended.
    pub(super) fn is_done(&self) -> bool {
        self.by_uid.values().all(|pod| matches!(pod.log, Log::None | Log::Ended))
    }

    /// The error where there is no pod to read.
    pub(super) fn none(&self) -> Error {
        if self.by_uid.is_empty() {
            Error::NoPod { target: self.target.text.clone() }
        } else {
            Error::NoContainer { container: self.container.clone() }
        }
    }

    /// The pods as JSON.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.by_uid.values().map(|pod| pod.text.as_str())
    }

    /// The pods by namespace and name.
    pub(super) fn names(&self) -> Vec<(&str, &str)> {
        let names = self.by_uid.values();
        names.map(|pod| (pod.source.namespace.as_str(), pod.source.pod.as_str())).collect()
    }
}
