//! Watches: the pods that are meant, and the objects that decide how they log.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, ResourceExt};
use tokio::sync::mpsc::Sender;

use super::kinds::{Kind, Place};
use super::target::Target;
use super::{Client, Failure};

/// How long to wait before a watch is begun anew.
const PAUSE: Duration = Duration::from_secs(1);

/// What a watch tells.
#[derive(Debug)]
pub(crate) enum News {
    /// All pods that are meant, as they are at the beginning, or after the watch was begun anew.
    Pods(Vec<Pod>),
    /// A pod came or changed.
    Pod(Box<Pod>),
    /// A pod, by its unique id, is gone.
    Gone(String),
    /// Something that decides how pods log has changed.
    Changed,
    /// A watch is broken for now, or for good where the user may not watch.
    Trouble { what: &'static str, failure: Failure },
    /// It works again.
    Well { what: &'static str },
}

/// Watches the pods of a target until nobody listens.
pub(crate) async fn pods(client: Client, target: Target, news: Sender<News>) {
    let mut events = watch(target.pods(&client), target.watch()).default_backoff().boxed();
    let mut initial = Vec::new();
    let mut meant: HashSet<String> = HashSet::new();
    let mut troubled = false;
    while let Some(event) = events.next().await {
        let told = match event {
            // The version is too old to go on from: begun anew.
            Err(error) if is_too_old(&error) => {
                tokio::time::sleep(PAUSE).await;
                events = watch(target.pods(&client), target.watch()).default_backoff().boxed();
                None
            }
            Err(error) => {
                troubled = true;
                Some(News::Trouble { what: "pods", failure: failure(error) })
            }
            Ok(Event::Init) => {
                initial.clear();
                None
            }
            Ok(Event::InitApply(pod)) => {
                if target.is_meant(&pod) {
                    initial.push(pod);
                }
                None
            }
            Ok(Event::InitDone) => {
                meant = initial.iter().map(uid).collect();
                Some(News::Pods(std::mem::take(&mut initial)))
            }
            Ok(Event::Apply(pod)) if target.is_meant(&pod) => {
                meant.insert(uid(&pod));
                Some(News::Pod(Box::new(pod)))
            }
            Ok(Event::Apply(_)) => None,
            Ok(Event::Delete(pod)) => {
                let uid = uid(&pod);
                meant.remove(&uid).then_some(News::Gone(uid))
            }
        };
        let well = told.is_some() && !matches!(told, Some(News::Trouble { .. }));
        if well
            && std::mem::take(&mut troubled)
            && news.send(News::Well { what: "pods" }).await.is_err()
        {
            return;
        }
        if let Some(told) = told
            && news.send(told).await.is_err()
        {
            return;
        }
    }
}

/// Watches the objects of a kind, and tells that something changed, not what.
/// Those of one namespace, where one is given.
pub(crate) async fn changes(
    client: Client,
    kind: &'static Kind,
    version: &'static str,
    namespace: Option<String>,
    news: Sender<News>,
) {
    let resource = ApiResource {
        group: kind.group.to_owned(),
        version: version.to_owned(),
        api_version: kind.api_version(version),
        kind: kind.kind.to_owned(),
        plural: kind.plural.to_owned(),
    };
    let namespace = match kind.place {
        Place::Istio => Some(client.istio_namespace.clone()),
        _ => namespace,
    };
    let objects: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.kube.clone(), &namespace, &resource),
        None => Api::all_with(client.kube.clone(), &resource),
    };
    let mut events: BoxStream<'_, _> =
        watch(objects.clone(), watcher::Config::default()).default_backoff().boxed();
    // What there is at the beginning was read already.
    let mut begun = false;
    while let Some(event) = events.next().await {
        let told = match event {
            Ok(Event::Init | Event::InitApply(_)) => continue,
            Ok(Event::InitDone) if !std::mem::replace(&mut begun, true) => {
                News::Well { what: kind.plural }
            }
            Ok(Event::Apply(object) | Event::Delete(object)) if !decides(kind, &object) => continue,
            Ok(Event::InitDone | Event::Apply(_) | Event::Delete(_)) => {
                if news.send(News::Well { what: kind.plural }).await.is_err() {
                    return;
                }
                News::Changed
            }
            Err(error) if is_too_old(&error) => {
                tokio::time::sleep(PAUSE).await;
                events =
                    watch(objects.clone(), watcher::Config::default()).default_backoff().boxed();
                continue;
            }
            Err(error) => News::Trouble { what: kind.plural, failure: failure(error) },
        };
        if news.send(told).await.is_err() {
            return;
        }
    }
}

/// Whether an object decides anything. Beside istiod there are ConfigMaps that change every other second
/// and hold nothing, by which it chooses a leader.
fn decides(kind: &Kind, object: &DynamicObject) -> bool {
    let holds = |key: &str| object.data.pointer(&format!("/data/{key}")).is_some();
    kind.kind != "ConfigMap" || holds("mesh") || holds("config")
}

/// Whether the API server has forgotten what the watch was to go on from, and said so before it began.
fn is_too_old(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

fn failure(error: watcher::Error) -> Failure {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => error.into(),
        watcher::Error::WatchError(status) => kube::Error::Api(status).into(),
        error @ watcher::Error::NoResourceVersion => Failure::Unreadable(error.to_string()),
    }
}

/// The unique id of a pod.
pub(crate) fn uid(pod: &Pod) -> String {
    pod.uid().unwrap_or_default()
}
