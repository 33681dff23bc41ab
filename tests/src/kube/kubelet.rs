//! The kubelet's side of a log: what kube-apiserver asks the node of a pod for.
//!
//! `/containerLogs/NAMESPACE/POD/CONTAINER` with the parameters of `pods/log`; refusals are plain text.
//! It lets everybody in: who may read a log is the API server's question.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use jiff::Timestamp;

use super::body::Answered;
use super::follow;
use super::kinds::named;
use super::route::{Answer, Asked, Target};
use super::shared::{Request, Shared};
use super::status::Failure;

/// Answers a request of kube-apiserver's.
pub(crate) fn answer(
    shared: &Arc<Shared>,
    request: &hyper::Request<Incoming>,
) -> Response<Answered> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    shared.requests.lock().unwrap().push(Request {
        time: Timestamp::now(),
        method: request.method().to_string(),
        path: path.to_owned(),
        query: query.to_owned(),
        user: String::new(),
        impersonated: false,
        agent: String::new(),
    });
    let (status, body) = match log(shared, path, query) {
        Ok(Answer::Log(body)) => (StatusCode::OK, body),
        Ok(_) => (StatusCode::INTERNAL_SERVER_ERROR, Answered::Whole(None)),
        Err(failure) => {
            let text = Bytes::from(failure.message().to_owned());
            (StatusCode::from_u16(failure.code).unwrap(), Answered::Whole(Some(text)))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

fn log(shared: &Arc<Shared>, path: &str, query: &str) -> Result<Answer, Failure> {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let ["containerLogs", namespace, pod, container] = segments[..] else {
        return Err(Failure::no_such_path());
    };
    let target = Target {
        kind: named("Pod"),
        version: "v1",
        namespace: namespace.to_owned(),
        name: pod.to_owned(),
        subresource: "log".to_owned(),
    };
    let mut query: std::collections::BTreeMap<_, _> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    query.insert("container".to_owned(), container.to_owned());
    let asked =
        Asked { user: String::new(), query, content_type: String::new(), body: Bytes::new() };
    follow::answer(shared, &target, &asked)
}
