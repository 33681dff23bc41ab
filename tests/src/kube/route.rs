//! From a request to its answer: who asks, what for, whether it is allowed, and who answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use super::body::Answered;
use super::kinds::{self, Kind};
use super::rules::Attempt;
use super::shared::{Request, Shared};
use super::status::Failure;
use super::{discovery, follow, read, review, watch, write};

/// The most bytes of a body, as the API server takes.
const MOST_BYTES: usize = 3 * 1024 * 1024;

/// A request for objects.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) kind: &'static Kind,
    pub(crate) version: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) subresource: String,
}

/// What came with a request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) user: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

/// An answer: a document with its status, or a stream.
#[derive(Debug)]
pub(crate) enum Answer {
    Document(u16, Value),
    Text(&'static str),
    OpenApi(Vec<u8>),
    Log(Answered),
    Watch(Answered),
}

/// Answers a request.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Response<Answered> {
    let is_head = request.method() == "HEAD";
    respond(attend(shared, request).await, is_head)
}

/// The answer for a request that the server could not stand.
pub(crate) fn broken(shared: &Shared, error: &tokio::task::JoinError) -> Response<Answered> {
    shared.problem(format!("a request was not answered: {error}"));
    respond(Err(Failure::of_server(500, None)), false)
}

fn respond(answer: Result<Answer, Failure>, is_head: bool) -> Response<Answered> {
    let (status, retry_after, content_type, body) = match answer {
        Ok(Answer::Document(status, document)) => {
            (status, None, "application/json", whole(&document))
        }
        Ok(Answer::Text(text)) => {
            (200, None, "text/plain", Answered::Whole(Some(Bytes::from_static(text.as_bytes()))))
        }
        Ok(Answer::OpenApi(document)) => {
            let body = Answered::Whole(Some(document.into()));
            (200, None, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", body)
        }
        Ok(Answer::Log(body)) => (200, None, "text/plain", body),
        Ok(Answer::Watch(body)) => (200, None, "application/json", body),
        Err(failure) => {
            (failure.code, failure.retry_after, "application/json", whole(&failure.status()))
        }
    };
    let body = if is_head { Answered::Whole(None) } else { body };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn whole(document: &Value) -> Answered {
    let mut text = document.to_string();
    text.push('\n');
    Answered::Whole(Some(text.into()))
}

async fn attend(
    shared: &Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<Answer, Failure> {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        let value = parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        value.unwrap_or_default().into_owned()
    };
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let token = header(AUTHORIZATION.as_str());
    let token = token.strip_prefix("Bearer ").unwrap_or_default();
    let bearer = shared.tokens.lock().unwrap().get(token).cloned();
    let impersonated = header("impersonate-user");
    let user = match (&bearer, impersonated.as_str()) {
        (None, _) => String::new(),
        (Some(bearer), "") => bearer.clone(),
        (Some(_), other) => other.to_owned(),
    };
    shared.requests.lock().unwrap().push(Request {
        time: Timestamp::now(),
        method: parts.method.to_string(),
        path: path.to_owned(),
        query: query.to_owned(),
        user: user.clone(),
        impersonated: bearer.is_some() && !impersonated.is_empty(),
        agent: header(USER_AGENT.as_str()),
    });
    if let Some((status, retry_after)) = shared.faults.lock().unwrap().failure(path) {
        return Err(Failure::of_server(status, retry_after));
    }
    let Some(bearer) = bearer.filter(|_| !shared.access.lock().unwrap().unauthorized) else {
        return Err(Failure::unauthorized());
    };
    if !impersonated.is_empty() {
        allow(
            shared,
            &bearer,
            &Attempt {
                verb: "impersonate",
                group: "",
                plural: "users",
                subresource: "",
                namespace: "",
                name: &impersonated,
            },
        )?;
    }
    let body = collect(body).await?;
    let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let asked = Asked { user, query, content_type: header(CONTENT_TYPE.as_str()), body };
    dispatch(shared, parts.method.as_str(), path, &asked)
}

async fn collect(body: Incoming) -> Result<Bytes, Failure> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    match Limited::new(body, MOST_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Failure::new(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {MOST_BYTES}"),
        )),
        Err(error) => Err(Failure::bad_request(error.to_string())),
    }
}

fn dispatch(
    shared: &Arc<Shared>,
    method: &str,
    path: &str,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let missing = shared.faults.lock().unwrap().missing.clone();
    if let ("POST", ["apis", "authorization.k8s.io", _, review]) = (method, &segments[..]) {
        return review::answer(shared, review, asked);
    }
    if let Some(answer) = discovery::answer(&segments, &missing) {
        return Ok(answer);
    }
    let target = target(&segments)
        .filter(|target| !missing.contains(target.kind.group))
        .ok_or_else(|| {
            shared.problem(format!("{method} {path}: no such path"));
            Failure::no_such_path()
        })?;
    let watching = asked.query.get("watch").is_some_and(|watch| watch == "true" || watch == "1");
    let verb = match (method, target.name.is_empty()) {
        ("GET" | "HEAD", true) if watching => "watch",
        ("GET" | "HEAD", true) => "list",
        ("GET" | "HEAD", false) => "get",
        ("POST", true) => "create",
        ("PUT", false) => "update",
        ("PATCH", false) => "patch",
        ("DELETE", false) => "delete",
        _ => {
            shared.problem(format!("{method} {path}: not done here"));
            return Err(Failure::new(
                405,
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource",
            ));
        }
    };
    allow(shared, &asked.user, &target.attempt(verb))?;
    match (verb, target.kind.kind, target.subresource.as_str()) {
        ("get", "Pod", "log") => follow::answer(shared, &target, asked),
        ("get", _, "") => read::get(shared, &target),
        ("list", _, "") => read::list(shared, &target, asked),
        ("watch", _, "") => watch::answer(shared, &target, asked),
        ("create", _, "") => write::create(shared, &target, asked),
        ("update", _, "") => write::replace(shared, &target, asked),
        ("patch", _, "") => write::patch(shared, &target, asked),
        ("delete", _, "") => write::delete(shared, &target, asked),
        _ => {
            shared.problem(format!("{method} {path}: no such subresource here"));
            Err(Failure::no_such_path())
        }
    }
}

fn allow(shared: &Shared, user: &str, attempt: &Attempt<'_>) -> Result<(), Failure> {
    if shared.access.lock().unwrap().allows(user, attempt) {
        Ok(())
    } else {
        Err(Failure::forbidden(user, attempt))
    }
}

/// What a path means, if it is one of objects.
fn target(segments: &[&str]) -> Option<Target> {
    let (group, version, rest) = match segments {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        rest => ("", rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, "", ""),
        [plural, name] => (*plural, *name, ""),
        [plural, name, subresource] => (*plural, *name, *subresource),
        _ => return None,
    };
    let (kind, version) = kinds::of_path(group, version, plural)?;
    let fits = if kind.namespaced {
        // A list of all namespaces has none; an object always has one.
        !namespace.is_empty() || name.is_empty()
    } else {
        namespace.is_empty()
    };
    fits.then(|| Target {
        kind,
        version,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        subresource: subresource.to_owned(),
    })
}

impl Target {
    fn attempt<'a>(&'a self, verb: &'a str) -> Attempt<'a> {
        // As the API server sees it, a namespace is in itself.
        let namespace = if self.kind.kind == "Namespace" { &self.name } else { &self.namespace };
        Attempt {
            verb,
            group: self.kind.group,
            plural: self.kind.plural,
            subresource: &self.subresource,
            namespace,
            name: &self.name,
        }
    }

    /// The object as this version of the API shows it.
    pub(crate) fn shown(&self, object: &Value) -> Value {
        let mut object = object.clone();
        object["apiVersion"] = self.kind.api_version(self.version).into();
        object
    }
}

impl Asked {
    /// A parameter of the query, empty without one.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Whether a parameter of the query says yes.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        matches!(self.parameter(name), "true" | "1")
    }

    /// A number of the query.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        match self.parameter(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Failure::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
            }),
        }
    }
}
