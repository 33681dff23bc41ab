//! What a cluster holds at a moment, as far as a command needs it.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use mesh::{Loaded, Loader};
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

/// Reads what a cluster holds. What the user may not read is said, once a kind, and the rest counts.
///
/// # Errors
///
/// When the cluster cannot be reached, does not know the user, or does not let it list pods.
pub(crate) async fn snapshot(
    client: &Client,
    scope: &Scope,
    mut loader: Loader,
    notes: &Notes,
) -> Result<Loaded, Failure> {
    let kinds = KINDS.iter().filter(|kind| kind.topic <= scope.topic);
    let lists = kinds.map(|kind| async move { (kind, Lists::of(client, scope, kind).await) });
    let lists: Vec<(&Kind, Result<Lists, Failure>)> =
        stream::iter(lists).buffered(AT_ONCE).collect().await;
    let mut size = 0_usize;
    for (kind, lists) in lists {
        let lists = match lists {
            Ok(lists) => lists,
            Err(Failure::Forbidden(message)) if kind.kind != "Pod" => {
                notes.say(&format!("{}: not allowed to read them: {message}", kind.plural));
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if let Some(only) = lists.only {
            let only: Vec<String> = only.into_iter().collect();
            let only = only.join(", ");
            notes.say(&format!("{}: only those of {only} may be read", kind.plural));
        }
        for page in lists.pages {
            size = size.saturating_add(page.len());
            if size > LARGEST {
                let message = "more than 1 GiB of objects; choose a namespace".to_owned();
                return Err(Failure::Unreadable(message));
            }
            let version = kind.api_version(kind.versions.first().copied().unwrap_or_default());
            loader.add_answer("cluster", (&version, kind.kind), page.as_bytes());
        }
    }
    Ok(loader.finish())
}

/// The answers for a kind.
struct Lists {
    pages: Vec<String>,
    /// The namespaces that were read one by one because not all may be.
    only: Option<BTreeSet<String>>,
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
            return whole.map(|pages| Self { pages, only: None });
        };
        let named = scope.namespace.iter().chain([&client.istio_namespace]).cloned();
        match kind.place {
            Place::Mesh if scope.namespace.is_some() => {
                Self::of_namespaces(client, kind, named.collect(), message).await
            }
            Place::Cluster if kind.kind == "Namespace" && scope.namespace.is_some() => {
                let mut pages = Vec::new();
                for name in named {
                    let path = format!("{}/{name}", kind.path("v1", None));
                    pages.extend(get(client, &path).await.ok());
                }
                if pages.is_empty() {
                    Err(Failure::Forbidden(message))
                } else {
                    Ok(Self { pages, only: None })
                }
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
        let (mut pages, mut only) = (Vec::new(), BTreeSet::new());
        for namespace in namespaces {
            match list(client, kind, Some(&namespace)).await {
                Ok(more) => {
                    pages.extend(more);
                    only.insert(namespace);
                }
                Err(Failure::Forbidden(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        if only.is_empty() {
            Err(Failure::Forbidden(refused))
        } else {
            Ok(Self { pages, only: Some(only) })
        }
    }
}

/// The pages of a collection under the first version that serves it; none where no version does.
async fn list(
    client: &Client,
    kind: &Kind,
    namespace: Option<&str>,
) -> Result<Vec<String>, Failure> {
    for version in kind.versions {
        match pages(client, &kind.path(version, namespace)).await {
            Err(Failure::NotFound(_)) => {}
            answered => return answered,
        }
    }
    Ok(Vec::new())
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
