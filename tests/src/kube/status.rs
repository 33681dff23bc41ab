//! `Status` objects: how the API server says no, in its own words.

use serde_json::{Map, Value, json};

use super::kinds::Kind;

/// A failure, on its way to become a `Status` object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    /// The HTTP status.
    pub(crate) code: u16,
    reason: &'static str,
    message: String,
    details: Box<Map<String, Value>>,
    /// Seconds for the header `Retry-After`.
    pub(crate) retry_after: Option<u64>,
}

impl Failure {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Box::default(), retry_after: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", kind.qualified());
        Self::new(404, "NotFound", message).about(kind, name)
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.qualified());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    pub(crate) fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    pub(crate) fn invalid(kind: &Kind, name: &str, why: &str) -> Self {
        let group = if kind.group.is_empty() { "" } else { "." };
        let message = format!("{}{group}{} {name:?} is invalid: {why}", kind.kind, kind.group);
        Self::new(422, "Invalid", message).about(kind, name)
    }

    /// A request that is not allowed.
    pub(crate) fn forbidden(user: &str, asked: &super::rules::Attempt<'_>) -> Self {
        let resource = match asked.subresource {
            "" => asked.plural.to_owned(),
            sub => format!("{}/{sub}", asked.plural),
        };
        let scope = match asked.namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace {namespace:?}"),
        };
        let group = if asked.group.is_empty() { "" } else { "." };
        let named =
            if asked.name.is_empty() { String::new() } else { format!(" {:?}", asked.name) };
        let message = format!(
            "{plural}{group}{of}{named} is forbidden: User {user:?} cannot {verb} resource \
             {resource:?} in API group {of:?} {scope}",
            plural = asked.plural,
            of = asked.group,
            verb = asked.verb,
        );
        let mut failure = Self::new(403, "Forbidden", message);
        failure.detail("name", asked.name).detail("group", asked.group);
        failure.detail("kind", asked.plural);
        failure
    }

    /// A failure of the server's own, or its wish to be left alone for a while.
    pub(crate) fn of_server(code: u16, retry_after: Option<u64>) -> Self {
        let (reason, message) = match code {
            429 => ("TooManyRequests", "Too many requests, please try again later."),
            500 => ("InternalError", "Internal error occurred: etcdserver: request timed out"),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => ("Timeout", "Timeout: request did not complete within the allotted timeout"),
            _ => ("", "the server answered so because it was told to"),
        };
        let mut failure = Self::new(code, reason, message);
        failure.retry_after = retry_after;
        failure
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.detail("name", name).detail("group", kind.group).detail("kind", kind.plural);
        self
    }

    fn detail(&mut self, key: &str, value: &str) -> &mut Self {
        if !value.is_empty() {
            self.details.insert(key.to_owned(), value.into());
        }
        self
    }

    /// What is wrong, in words.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        let mut details = (*self.details).clone();
        if let Some(seconds) = self.retry_after {
            details.insert("retryAfterSeconds".to_owned(), seconds.into());
        }
        if !details.is_empty() {
            status["details"] = details.into();
        }
        status
    }
}
