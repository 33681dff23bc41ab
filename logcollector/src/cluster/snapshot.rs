//! What a cluster holds at a moment, as far as a command needs it.

use std::collections::BTreeSet;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use mesh::Loader;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Client;
use super::answer::Failure;
use super::kinds::{KINDS, Kind, Place, Topic};
use crate::notes::Notes;

/// How many objects are asked for at a time.
const PAGE: usize = 500;
/// How many kinds are asked for at once.
const AT_ONCE: usize = 6;
/// How much is taken of a cluster.
const LARGEST: usize = 1 << 30;

/// Which part of a cluster a command looks at.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) topic: Topic,
    /// The namespace whose pods are looked at; every one where there is none.
    pub(crate) namespace: Option<String>,
}

/// The list around the items of an answer.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMeta,
    #[serde(rename = "items")]
    _items: IgnoredAny,
}

#[derive(Deserialize, Default)]
struct PageMeta {
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// How a kind was served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) kind: &'static Kind,
    pub(crate) version: &'static str,
    /// The namespaces that were read because not all may be; none where it was read as a whole.
    pub(crate) only: Vec<String>,
}

/// What a cluster answered.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pages: Vec<(&'static Kind, String)>,
    pub(crate) served: Vec<Served>,
    /// The tags of the istiods' images, by revision.
    pub(crate) istiods: Vec<(String, String)>,
    /// What may not be read, in words, with the kind's plural.
    refused: Vec<(&'static str, String)>,
}

impl Answers {
    /// Puts the answers into a loader.
    pub(crate) fn add_to(&self, loader: &mut Loader) {
        for (kind, page) in &self.pages {
            let version = kind.api_version(kind.versions.first().copied().unwrap_or_default());
            loader.add_answer("cluster", (&version, kind.kind), page.as_bytes());
        }
    }
}

impl Answers {
    /// Says what may not be read.
    pub(crate) fn say_refused(&self, notes: &Notes) {
        for (plural, remark) in &self.refused {
            notes.say(&format!("{plural}: {remark}"));
        }
    }

    /// Whether the user may not read one of the kinds where it decides for the whole mesh, which is in
    /// istiod's namespace.
    pub(crate) fn is_refused(&self, plurals: &[&str], istio_namespace: &str) -> bool {
        let is_read = |served: &Served| {
            served.only.is_empty() || served.only.iter().any(|it| it == istio_namespace)
        };
        let unread = |(plural, _): &(&'static str, String)| {
            let read = self.served.iter().any(|it| it.kind.plural == *plural && is_read(it));
            plurals.contains(plural) && !read
        };
        self.refused.iter().any(unread)
    }
}

/// Reads what a cluster holds but for its pods where these are known. What the user may not read is among the
/// answers, and the rest counts.
///
/// # Errors
///
/// When the cluster cannot be reached, does not know the user, or does not let it list pods.
pub(crate) async fn snapshot(
    client: &Client,
    scope: &Scope,
    with_pods: bool,
) -> Result<Answers, Failure> {
    let wanted =
        |kind: &&'static Kind| kind.topic <= scope.topic && (with_pods || kind.kind != "Pod");
    let mut asked: Vec<BoxFuture<'_, (&'static Kind, Result<Lists, Failure>)>> = Vec::new();
    for kind in KINDS.iter().filter(wanted) {
        asked.push(async move { (kind, Lists::of(client, scope, kind).await) }.boxed());
    }
    let lists: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut answers = Answers::default();
    let mut size = 0_usize;
    for (kind, lists) in lists {
        let lists = match lists {
            Ok(lists) => lists,
            Err(Failure::Forbidden(message)) if kind.kind != "Pod" => {
                answers.refused.push((kind.plural, format!("not allowed to read them: {message}")));
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if !lists.only.is_empty() {
            let remark = format!("only those of {} may be read", lists.only.join(" and "));
            answers.refused.push((kind.plural, remark));
        }
        if let Some(version) = lists.version {
            answers.served.push(Served { kind, version, only: lists.only });
        }
        size += lists.pages.iter().map(String::len).sum::<usize>();
        if size > LARGEST {
            let message = "more than 1 GiB of objects; choose a namespace".to_owned();
            return Err(Failure::Unreadable(message));
        }
        answers.pages.extend(lists.pages.into_iter().map(|page| (kind, page)));
    }
    if scope.topic == Topic::Reach {
        answers.istiods = istiods(client).await?;
    }
    Ok(answers)
}

/// The answers for a kind; no version where none serves it.
#[derive(Default)]
struct Lists {
    version: Option<&'static str>,
    pages: Vec<String>,
    /// The namespaces that were read one by one because not all may be.
    only: Vec<String>,
}

impl Lists {
    async fn of(client: &Client, scope: &Scope, kind: &Kind) -> Result<Self, Failure> {
        let namespace = match kind.place {
            Place::Cluster | Place::Mesh => None,
            Place::Chosen => scope.namespace.as_deref(),
            Place::Istio => Some(client.istio_namespace.as_str()),
        };
        let whole = list(client, kind, namespace).await;
        let Err(Failure::Forbidden(message)) = whole else {
            return whole;
        };
        let named: BTreeSet<String> =
            scope.namespace.iter().chain([&client.istio_namespace]).cloned().collect();
        match kind.place {
            Place::Mesh if scope.namespace.is_some() => {
                Self::of_namespaces(client, kind, named, message).await
            }
            Place::Cluster if kind.kind == "Namespace" && scope.namespace.is_some() => {
                let mut pages = Vec::new();
                for name in &named {
                    let path = format!("{}/{name}", kind.path("v1", None));
                    pages.extend(get(client, &path).await.ok());
                }
                let refused = pages.is_empty().then_some(Failure::Forbidden(message));
                refused.map_or(Ok(Self { pages, ..Self::default() }), Err)
            }
            _ => Err(Failure::Forbidden(message)),
        }
    }

    async fn of_namespaces(
        client: &Client,
        kind: &Kind,
        namespaces: BTreeSet<String>,
        refused: String,
    ) -> Result<Self, Failure> {
        let mut all = Self::default();
        for namespace in namespaces {
            match list(client, kind, Some(&namespace)).await {
                Ok(more) => {
                    all.version = all.version.or(more.version);
                    all.pages.extend(more.pages);
                    all.only.push(namespace);
                }
                Err(Failure::Forbidden(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        if all.only.is_empty() { Err(Failure::Forbidden(refused)) } else { Ok(all) }
    }
}

/// The tags of the istiods' images, by revision. Who may not look there does not learn them.
async fn istiods(client: &Client) -> Result<Vec<(String, String)>, Failure> {
    let pods: Api<Pod> = Api::namespaced(client.kube.clone(), &client.istio_namespace);
    let params = ListParams::default().labels("app=istiod");
    let pods = match pods.list(&params).await.map_err(Failure::from) {
        Ok(pods) => pods,
        Err(Failure::Forbidden(_) | Failure::NotFound(_)) => return Ok(Vec::new()),
        Err(failure) => return Err(failure),
    };
    let of_pod = |pod: &Pod| {
        let revision = pod.labels().get("istio.io/rev")?.clone();
        let containers = &pod.spec.as_ref()?.containers;
        let discovery = containers.iter().find(|it| it.name == "discovery")?;
        // Of `host:port/name:tag@digest` the tag.
        let image = discovery.image.as_deref()?.split('@').next()?;
        let (_, tag) = image.rsplit_once(':')?;
        Some((revision, tag.to_owned()))
    };
    Ok(pods.items.iter().filter_map(of_pod).collect())
}

/// The pages of a collection under the first version that serves it; none where no version does.
async fn list(client: &Client, kind: &Kind, namespace: Option<&str>) -> Result<Lists, Failure> {
    for version in kind.versions {
        match pages(client, &kind.path(version, namespace)).await {
            Err(Failure::NotFound(_)) => {}
            answered => {
                let version = Some(*version);
                return answered.map(|pages| Lists { version, pages, only: Vec::new() });
            }
        }
    }
    Ok(Lists::default())
}

async fn pages(client: &Client, path: &str) -> Result<Vec<String>, Failure> {
    let mut pages = Vec::new();
    let mut query = format!("limit={PAGE}");
    let mut restarted = false;
    loop {
        let text = match get(client, &format!("{path}?{query}")).await {
            // The list is too old to go on with: once more, as a whole.
            Err(Failure::Refused { code: 410, .. }) if !restarted => {
                restarted = true;
                pages.clear();
                query.clear();
                continue;
            }
            answered => answered?,
        };
        let page: Page = serde_json::from_str(&text)
            .map_err(|error| Failure::Unreadable(format!("{path}: {error}")))?;
        pages.push(text);
        match page.metadata.next.filter(|next| !next.is_empty()) {
            Some(next) => query = format!("limit={PAGE}&continue={}", encoded(&next)),
            None => return Ok(pages),
        }
    }
}

async fn get(client: &Client, path: &str) -> Result<String, Failure> {
    let request = http::Request::get(path)
        .body(Vec::new())
        .map_err(|error| Failure::Config(error.to_string()))?;
    Ok(client.kube.request_text(request).await?)
}

/// A text as the value of a query.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
