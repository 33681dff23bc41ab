//! Create, replace, patch and delete.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::kinds::{self, Kind};
use super::route::{Answer, Asked, Target};
use super::shared::Shared;
use super::status::Failure;
use super::store::{Key, Store, now};

const CHANGED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

pub(crate) fn create(
    shared: &Arc<Shared>,
    target: &Target,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let mut object = manifest(target, asked)?;
    let meta = &mut object["metadata"];
    if let (true, Some(prefix)) = (meta["name"].is_null(), meta["generateName"].as_str()) {
        meta["name"] = format!("{prefix}{}", suffix(&shared.store)).into();
    }
    let Some(name) = meta["name"].as_str().map(str::to_owned) else {
        let why = "name or generateName is required";
        return Err(Failure::invalid(
            target.kind,
            "",
            &format!("metadata.name: Required value: {why}"),
        ));
    };
    if meta["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()) {
        return Err(Failure::bad_request(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    let mut store = shared.store.lock().unwrap();
    check_namespace(&store, target)?;
    let key = (target.namespace.clone(), name.clone());
    if store.get(target.kind, &key).is_some() {
        return Err(Failure::already_exists(target.kind, &name));
    }
    admit(shared, target.kind)?;
    for field in ["uid", "creationTimestamp"] {
        object["metadata"].as_object_mut().unwrap().remove(field);
    }
    let manager = manager(asked);
    manage(&mut object, target, &manager, "Update");
    let object = store.prepared(target.kind, object);
    Ok(Answer::Document(201, finish(&mut store, target, asked, object)?))
}

pub(crate) fn replace(
    shared: &Arc<Shared>,
    target: &Target,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let mut object = manifest(target, asked)?;
    if object["metadata"]["name"] != target.name.as_str() {
        return Err(Failure::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            object["metadata"]["name"].as_str().unwrap_or_default(),
            target.name
        )));
    }
    let mut store = shared.store.lock().unwrap();
    let before = existing(&store, target)?;
    check_version(target, &before, &object["metadata"]["resourceVersion"])?;
    check_uid(target, &before, &object["metadata"]["uid"])?;
    admit(shared, target.kind)?;
    manage(&mut object, target, &manager(asked), "Update");
    let object = store.prepared(target.kind, object);
    Ok(Answer::Document(200, finish(&mut store, target, asked, object)?))
}

pub(crate) fn patch(
    shared: &Arc<Shared>,
    target: &Target,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let media = asked.content_type.split(';').next().unwrap_or_default().trim();
    let applied = match media {
        "application/apply-patch+yaml" => true,
        "application/merge-patch+json" | "application/strategic-merge-patch+json" => false,
        _ => return Err(unsupported(media)),
    };
    let patch = document(asked)?;
    let mut store = shared.store.lock().unwrap();
    if applied && asked.parameter("fieldManager").is_empty() {
        let message = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
        return Err(Failure::new(422, "Invalid", message));
    }
    let key = (target.namespace.clone(), target.name.clone());
    let before = match store.get(target.kind, &key) {
        Some(before) => Some(before),
        None if applied => None,
        None => return Err(Failure::not_found(target.kind, &target.name)),
    };
    if let Some(before) = &before {
        check_version(target, before, &patch["metadata"]["resourceVersion"])?;
        check_uid(target, before, &patch["metadata"]["uid"])?;
    } else {
        check_namespace(&store, target)?;
    }
    admit(shared, target.kind)?;
    let mut object = before.as_deref().cloned().unwrap_or_else(|| json!({}));
    merge(&mut object, patch);
    object["metadata"]["name"] = target.name.as_str().into();
    if target.kind.namespaced {
        object["metadata"]["namespace"] = target.namespace.as_str().into();
    }
    manage(&mut object, target, &manager(asked), if applied { "Apply" } else { "Update" });
    let object = store.prepared(target.kind, object);
    let status = if before.is_some() { 200 } else { 201 };
    Ok(Answer::Document(status, finish(&mut store, target, asked, object)?))
}

pub(crate) fn delete(
    shared: &Arc<Shared>,
    target: &Target,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let options = if asked.body.is_empty() { json!({}) } else { document(asked)? };
    let mut store = shared.store.lock().unwrap();
    let before = existing(&store, target)?;
    let meta = &before["metadata"];
    let wanted = &options["preconditions"];
    if let Some(uid) = wanted["uid"].as_str().filter(|uid| meta["uid"] != *uid) {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            meta["uid"].as_str().unwrap_or_default()
        );
        return Err(Failure::conflict(target.kind, &target.name, &why));
    }
    let version = wanted["resourceVersion"].as_str();
    if let Some(version) = version.filter(|version| meta["resourceVersion"] != *version) {
        let why = format!(
            "the ResourceVersion in the precondition ({version}) does not match the \
             ResourceVersion in record ({}). The object might have been modified",
            meta["resourceVersion"].as_str().unwrap_or_default()
        );
        return Err(Failure::conflict(target.kind, &target.name, &why));
    }
    let in_body =
        options["dryRun"].as_array().is_some_and(|dry| dry.iter().any(|one| one == "All"));
    if !is_dry(asked)? && !in_body {
        store.remove(target.kind, &(target.namespace.clone(), target.name.clone()));
        if target.kind.kind == "Pod" {
            shared.logs.forget(&target.namespace, &target.name);
        }
    }
    if target.kind.kind == "Pod" {
        return Ok(Answer::Document(200, target.shown(&before)));
    }
    let mut details = json!({"name": target.name, "kind": target.kind.plural, "uid": meta["uid"]});
    if !target.kind.group.is_empty() {
        details["group"] = target.kind.group.into();
    }
    Ok(Answer::Document(
        200,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
        }),
    ))
}

/// The document of a body, JSON or YAML.
fn document(asked: &Asked) -> Result<Value, Failure> {
    let media = asked.content_type.split(';').next().unwrap_or_default().trim();
    if media.contains("protobuf") {
        return Err(unsupported(media));
    }
    let text = std::str::from_utf8(&asked.body)
        .map_err(|error| Failure::bad_request(error.to_string()))?;
    let document: Value = if media.ends_with("yaml") {
        serde_saphyr::from_str(text).map_err(|error| Failure::bad_request(error.to_string()))?
    } else {
        serde_json::from_str(text).map_err(|error| Failure::bad_request(error.to_string()))?
    };
    if document.is_object() && (document["metadata"].is_object() || document["metadata"].is_null())
    {
        Ok(document)
    } else {
        Err(Failure::bad_request("the object provided is unrecognized: expected an object"))
    }
}

fn unsupported(media: &str) -> Failure {
    Failure::new(
        415,
        "UnsupportedMediaType",
        format!(
            "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (this was {media:?})"
        ),
    )
}

/// The document of a body as an object of the target's kind and namespace.
fn manifest(target: &Target, asked: &Asked) -> Result<Value, Failure> {
    let mut object = document(asked)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let named = kinds::of_manifest(&text(&object["apiVersion"]), &text(&object["kind"]));
    if named.is_none_or(|(kind, version)| kind != target.kind || version != target.version) {
        return Err(Failure::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: no kind {:?} is registered for version {:?}",
            text(&object["kind"]),
            text(&object["apiVersion"]),
            target.kind.kind,
            text(&object["kind"]),
            text(&object["apiVersion"]),
        )));
    }
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let meta = &mut object["metadata"];
    if target.kind.namespaced {
        if meta["namespace"].as_str().is_some_and(|own| own != target.namespace) {
            return Err(Failure::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        meta["namespace"] = target.namespace.as_str().into();
    }
    Ok(object)
}

fn check_namespace(store: &Store, target: &Target) -> Result<(), Failure> {
    let kind = kinds::named("Namespace");
    let key = (String::new(), target.namespace.clone());
    if target.namespace.is_empty() || store.get(kind, &key).is_some() {
        Ok(())
    } else {
        Err(Failure::not_found(kind, &target.namespace))
    }
}

fn existing(store: &Store, target: &Target) -> Result<Arc<Value>, Failure> {
    let key: Key = (target.namespace.clone(), target.name.clone());
    store.get(target.kind, &key).ok_or_else(|| Failure::not_found(target.kind, &target.name))
}

fn check_version(target: &Target, before: &Value, wanted: &Value) -> Result<(), Failure> {
    match wanted.as_str() {
        Some(version)
            if !version.is_empty() && before["metadata"]["resourceVersion"] != *wanted =>
        {
            Err(Failure::conflict(target.kind, &target.name, CHANGED))
        }
        _ => Ok(()),
    }
}

fn check_uid(target: &Target, before: &Value, wanted: &Value) -> Result<(), Failure> {
    match wanted.as_str() {
        Some(uid) if !uid.is_empty() && before["metadata"]["uid"] != *wanted => {
            let why = format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                before["metadata"]["uid"].as_str().unwrap_or_default()
            );
            Err(Failure::conflict(target.kind, &target.name, &why))
        }
        _ => Ok(()),
    }
}

/// Asks the admission webhook.
fn admit(shared: &Shared, kind: &Kind) -> Result<(), Failure> {
    match shared.faults.lock().unwrap().refused.get(kind.kind) {
        Some(message) => Err(Failure::new(400, "", message.clone())),
        None => Ok(()),
    }
}

fn is_dry(asked: &Asked) -> Result<bool, Failure> {
    match asked.parameter("dryRun") {
        "" => Ok(false),
        "All" => Ok(true),
        other => Err(Failure::new(
            422,
            "Invalid",
            format!(
                "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: {other:?}: supported values: \"All\""
            ),
        )),
    }
}

/// Stores an object unless it is a dry run, and gives it as the client sees it.
fn finish(
    store: &mut MutexGuard<'_, Store>,
    target: &Target,
    asked: &Asked,
    object: Value,
) -> Result<Value, Failure> {
    if is_dry(asked)? {
        return Ok(target.shown(&object));
    }
    Ok(target.shown(&store.put(target.kind, object)))
}

fn manager(asked: &Asked) -> String {
    match asked.parameter("fieldManager") {
        "" => "unknown".to_owned(),
        manager => manager.to_owned(),
    }
}

/// Notes the manager, without the fields it manages.
fn manage(object: &mut Value, target: &Target, manager: &str, operation: &str) {
    let meta = &mut object["metadata"];
    let mut managers = match meta["managedFields"].take() {
        Value::Array(managers) => managers,
        _ => Vec::new(),
    };
    if !managers.iter().any(|one| one["manager"] == manager && one["operation"] == operation) {
        managers.push(json!({
            "manager": manager, "operation": operation, "time": now(),
            "apiVersion": target.kind.api_version(target.version), "fieldsType": "FieldsV1", "fieldsV1": {},
        }));
    }
    meta["managedFields"] = managers.into();
}

/// A JSON merge patch, RFC 7386.
pub(crate) fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(&key);
        } else {
            merge(&mut into[key], value);
        }
    }
}

/// Five characters as the API server adds to `generateName`.
fn suffix(store: &Mutex<Store>) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    // Spread over the letters, and never twice the same.
    let mut number = store.lock().unwrap().next_number().wrapping_mul(2_654_435_761);
    (0..5)
        .map(|_| {
            let letter = LETTERS[usize::try_from(number % 27).unwrap()];
            number /= 27;
            char::from(letter)
        })
        .collect()
}
