//! Get and list.

use std::sync::Arc;

use serde_json::{Value, json};

use super::route::{Answer, Asked, Target};
use super::select::Selector;
use super::shared::Shared;
use super::status::Failure;
use super::store::Key;

pub(crate) fn get(shared: &Arc<Shared>, target: &Target) -> Result<Answer, Failure> {
    let key = (target.namespace.clone(), target.name.clone());
    let object = shared.store.lock().unwrap().get(target.kind, &key);
    match object {
        Some(object) => Ok(Answer::Document(200, target.shown(&object))),
        None => Err(Failure::not_found(target.kind, &target.name)),
    }
}

pub(crate) fn list(
    shared: &Arc<Shared>,
    target: &Target,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let selector = selector(target, asked)?;
    let limit = match asked.number("limit")? {
        None | Some(0) => usize::MAX,
        Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let store = shared.store.lock().unwrap();
    let (version, after) = match asked.parameter("continue") {
        "" => (store.version(), None),
        token => {
            let (version, after) = continued(token)
                .ok_or_else(|| Failure::bad_request("continue key is not valid: unreadable"))?;
            if version < store.oldest() {
                return Err(Failure::new(
                    410,
                    "Expired",
                    "The provided continue parameter is too old to display a consistent list \
                     result. You must start a new list without the continue parameter.",
                ));
            }
            (version, Some(after))
        }
    };
    if asked.parameter("resourceVersionMatch") == "Exact"
        && let Some(exact) = asked.number("resourceVersion")?
        && exact < store.oldest()
    {
        return Err(Failure::expired(exact, store.oldest()));
    }
    let mut items = Vec::new();
    let (mut last, mut more) = (None, false);
    for (key, object) in store.all(target.kind) {
        if after.as_ref().is_some_and(|after| key <= after)
            || !is_in(&target.namespace, key)
            || !selector.selects(object)
        {
            continue;
        }
        if items.len() == limit {
            more = true;
            break;
        }
        items.push(target.shown(object));
        last = Some(key.clone());
    }
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let (true, Some((namespace, name))) = (more, last) {
        // The version that goes with a token is that of the first part, whatever has changed since.
        metadata["continue"] = token(version, &namespace, &name).into();
    }
    Ok(Answer::Document(
        200,
        json!({
            "kind": format!("{}List", target.kind.kind),
            "apiVersion": target.kind.api_version(target.version),
            "metadata": metadata,
            "items": items,
        }),
    ))
}

/// The selectors of a request.
pub(crate) fn selector(target: &Target, asked: &Asked) -> Result<Selector, Failure> {
    let (labels, fields) = (asked.parameter("labelSelector"), asked.parameter("fieldSelector"));
    Selector::parse(labels, fields, target.kind.kind).map_err(Failure::bad_request)
}

/// Whether an object is in this namespace, where an empty one is all.
pub(crate) fn is_in(namespace: &str, key: &Key) -> bool {
    namespace.is_empty() || key.0 == namespace
}

fn token(version: u64, namespace: &str, name: &str) -> String {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    BASE64_URL_SAFE_NO_PAD
        .encode(json!({"rv": version, "ns": namespace, "start": name}).to_string())
}

fn continued(token: &str) -> Option<(u64, Key)> {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    let token: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let text = |field: &str| token[field].as_str().map(str::to_owned);
    Some((token["rv"].as_u64()?, (text("ns")?, text("start")?)))
}
