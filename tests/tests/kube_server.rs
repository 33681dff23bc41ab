//! The test server of the Kubernetes API does what scripts ask of it, byte by byte on the wire.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests are test code: a failing step is a failing test"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use tests::kube::{Cut, KubeServer, Rule, USER};

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ns, labels: {app: a}}
spec: {nodeName: n1, containers: [{name: c}, {name: d}], initContainers: [{name: i}]}
status: {containerStatuses: [{name: c, containerID: x, state: {running: {}}}]}
";
const TELEMETRIES: &str = "/apis/telemetry.istio.io/v1/namespaces/ns/telemetries";

/// A request on a connection of its own, in HTTP/1.1.
struct Asked {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    status: u16,
    head: String,
}

/// How a body ended.
#[derive(Debug, PartialEq)]
enum End {
    /// As HTTP says.
    Clean,
    /// The connection ended, without a word of HTTP or TLS.
    Abort,
}

fn ask(server: &KubeServer, method: &str, path: &str, body: &str) -> Asked {
    try_ask(server, method, path, body).unwrap()
}

fn try_ask(server: &KubeServer, method: &str, path: &str, body: &str) -> std::io::Result<Asked> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.ca()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::from(server.address().ip());
    let tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let tcp = TcpStream::connect(server.address())?;
    tcp.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut stream = BufReader::new(StreamOwned::new(tls, tcp));
    let media = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    write!(
        stream.get_mut(),
        "{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer token-of-{USER}\r\n\
         Content-Type: {media}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok(Asked { stream, status, head: head.to_lowercase() })
}

impl Asked {
    /// The body up to its end, and how it ended.
    fn body(mut self) -> (String, End) {
        let mut body = String::new();
        if let Some((_, length)) = self.head.split_once("content-length: ") {
            let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
            let mut bytes = vec![0; length];
            self.stream.read_exact(&mut bytes).unwrap();
            return (String::from_utf8(bytes).unwrap(), End::Clean);
        }
        loop {
            match self.chunk() {
                Ok(chunk) if chunk.is_empty() => return (body, End::Clean),
                Ok(chunk) => body.push_str(&chunk),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return (body, End::Abort);
                }
                Err(error) => panic!("{error} after {body:?}"),
            }
        }
    }

    fn chunk(&mut self) -> std::io::Result<String> {
        let mut size = String::new();
        self.stream.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| ErrorKind::UnexpectedEof)?;
        let mut bytes = vec![0; size + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(size);
        Ok(String::from_utf8(bytes).unwrap())
    }

    fn json(self) -> Value {
        serde_json::from_str(&self.body().0).unwrap()
    }

    /// The next event of a watch that comes in a chunk of its own: its type and its object's name.
    fn event(&mut self) -> (String, Value) {
        let mut event: Value = serde_json::from_str(&self.chunk().unwrap()).unwrap();
        (event["type"].as_str().unwrap().to_owned(), event["object"].take())
    }
}

fn server() -> KubeServer {
    let server = KubeServer::start();
    server.apply(POD);
    server
}

fn wait(what: &str, until: impl Fn() -> bool) {
    for _ in 0..3000 {
        if until() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited for {what} in vain");
}

#[test]
fn cuts_a_log_at_every_byte() {
    let server = server();
    let log = server.log("ns", "p", "c");
    log.lines(&["one", "", "two"]);
    let whole = "one\n\ntwo\n";
    for at in 0..=whole.len() {
        for (cut, end) in [(Cut::Clean, End::Clean), (Cut::Abort, End::Abort)] {
            server.cut_log_at("ns", "p", "c", at, cut);
            let asked =
                ask(&server, "GET", "/api/v1/namespaces/ns/pods/p/log?container=c&follow=true", "");
            assert_eq!(asked.body(), (whole.chars().take(at).collect(), end), "{at} {cut:?}");
        }
    }
    let (body, end) =
        ask(&server, "GET", "/api/v1/namespaces/ns/pods/p/log?container=c", "").body();
    assert_eq!((body.as_str(), end), (whole, End::Clean), "not cut any more");
}

#[test]
fn ends_open_streams() {
    let path = "/api/v1/namespaces/ns/pods/p/log?container=c&follow=1&tailLines=0";
    type Do = fn(&KubeServer);
    let cases: [(&str, Do, End); 6] = [
        ("cut", |server| server.cut_logs(Cut::Clean), End::Clean),
        ("aborted", |server| server.cut_logs(Cut::Abort), End::Abort),
        ("down", |server| server.down(), End::Abort),
        ("restarted", |server| server.log("ns", "p", "c").restart(), End::Clean),
        ("ended", |server| server.log("ns", "p", "c").end(0), End::Clean),
        ("deleted", |server| assert!(server.delete("Pod", "ns", "p")), End::Clean),
    ];
    for (label, action, end) in cases {
        let server = server();
        let mut asked = ask(&server, "GET", path, "");
        server.log("ns", "p", "c").line("x");
        assert_eq!(asked.chunk().unwrap(), "x\n", "{label}");
        action(&server);
        assert_eq!(asked.body(), (String::new(), end), "{label}");
        if label == "down" {
            assert!(try_ask(&server, "GET", path, "").is_err(), "refused");
            server.up();
        }
        let status = if label == "deleted" { 404 } else { 200 };
        wait("the stream to end", || server.open_logs() == 0);
        assert_eq!(ask(&server, "GET", path, "").status, status, "{label}, and then");
    }
}

#[test]
fn watches() {
    let server = server();
    server.bookmark_every(Duration::from_millis(20));
    let version =
        ask(&server, "GET", "/api/v1/pods", "").json()["metadata"]["resourceVersion"].clone();
    let version = version.as_str().unwrap();
    let path = format!("/api/v1/pods?watch=1&labelSelector=app%3Da&resourceVersion={version}");
    let mut watch = ask(&server, "GET", &path, "");
    let label = |value: &'static str| {
        server.change("Pod", "ns", "p", |pod| pod["metadata"]["labels"]["app"] = value.into());
    };
    for (label_value, expected) in [("b", "DELETED"), ("a", "ADDED")] {
        label(label_value);
        assert_eq!(watch.event().0, expected, "{label_value}");
    }
    server.expire_watches();
    let (kind, status) = watch.event();
    assert_eq!((kind.as_str(), &status["code"]), ("ERROR", &json!(410)), "expired while open");
    assert_eq!(watch.body(), (String::new(), End::Clean));

    let mut watch = ask(&server, "GET", "/api/v1/pods?watch=1&allowWatchBookmarks=true", "");
    assert_eq!(watch.event().0, "ADDED", "without a version");
    let (kind, object) = watch.event();
    let newest = server.object("Pod", "ns", "p").unwrap()["metadata"]["resourceVersion"].clone();
    assert_eq!((kind.as_str(), &object["metadata"]["resourceVersion"]), ("BOOKMARK", &newest));
    server.cut_watches(Cut::Abort);
    assert_eq!(watch.body().1, End::Abort, "cut");
    let watch = ask(&server, "GET", "/api/v1/pods?watch=1&timeoutSeconds=1", "");
    assert_eq!(watch.body().1, End::Clean, "timeout");

    server.compact();
    let mut watch = ask(&server, "GET", &path, "");
    assert_eq!((watch.status, watch.event().0.as_str()), (200, "ERROR"), "too old, as an event");
    server.gone_as_status(true);
    let watch = ask(&server, "GET", &path, "");
    assert_eq!(watch.status, 410, "too old, as a status");
    assert_eq!(watch.json()["reason"], "Expired");
}

#[test]
fn lists_in_chunks() {
    let server = server();
    for name in ["q", "r"] {
        server.apply(&POD.replace("name: p,", &format!("name: {name},")));
    }
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap();
        items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = ask(&server, "GET", "/api/v1/pods?limit=2", "").json();
    assert_eq!(names(&first), ["p", "q"]);
    let token = first["metadata"]["continue"].as_str().unwrap();
    let path = format!("/api/v1/pods?limit=2&continue={token}");
    let second = ask(&server, "GET", &path, "").json();
    assert_eq!(names(&second), ["r"]);
    assert_eq!(second["metadata"]["continue"], Value::Null);
    server.compact();
    assert_eq!(ask(&server, "GET", &path, "").status, 410, "a token too old");
    assert_eq!(ask(&server, "GET", "/api/v1/pods?continue=odd", "").status, 400, "no token");
}

#[test]
fn writes_with_preconditions() {
    let server = server();
    let object = |version: Value| {
        json!({"apiVersion": "telemetry.istio.io/v1", "kind": "Telemetry",
            "metadata": {"name": "t", "resourceVersion": version}, "spec": {}})
        .to_string()
    };
    let unnamed = json!({"apiVersion": "telemetry.istio.io/v1", "kind": "Telemetry",
        "metadata": {"generateName": "look-"}, "spec": {}});
    let created = ask(&server, "POST", TELEMETRIES, &unnamed.to_string()).json();
    let name = created["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("look-") && name.len() == 10, "{name}");
    let created = ask(&server, "POST", TELEMETRIES, &object(Value::Null));
    assert_eq!(created.status, 201);
    let created = created.json()["metadata"].clone();
    let one = format!("{TELEMETRIES}/t");
    let dry = format!("{TELEMETRIES}/t?dryRun=All");
    let version = created["resourceVersion"].clone();
    let preconditions =
        |field: &str, value: &Value| json!({"preconditions": {field: value}}).to_string();
    for (label, method, path, body, status) in [
        ("there already", "POST", TELEMETRIES, object(Value::Null), 409),
        ("a version when new", "POST", TELEMETRIES, object(json!("1")), 400),
        ("another kind", "POST", TELEMETRIES, POD_JSON.to_owned(), 400),
        ("no JSON", "POST", TELEMETRIES, "{".to_owned(), 400),
        ("no object", "POST", TELEMETRIES, "[]".to_owned(), 400),
        ("odd metadata", "POST", TELEMETRIES, r#"{"metadata": 1}"#.to_owned(), 400),
        ("no such namespace", "POST", "/api/v1/namespaces/none/pods", POD_JSON.to_owned(), 404),
        ("replaced, dry", "PUT", &dry, object(version.clone()), 200),
        ("replaced", "PUT", &one, object(version.clone()), 200),
        ("patched", "PATCH", &one, json!({"spec": {"a": 1}}).to_string(), 200),
        ("an old version", "PUT", &one, object(version.clone()), 409),
        ("patched, an old version", "PATCH", &one, object(version.clone()), 409),
        (
            "deleted, an old version",
            "DELETE",
            &one,
            preconditions("resourceVersion", &version),
            409,
        ),
        ("another uid", "DELETE", &one, preconditions("uid", &json!("u")), 409),
        ("deleted, dry", "DELETE", &dry, String::new(), 200),
        ("deleted", "DELETE", &one, preconditions("uid", &created["uid"]), 200),
        ("not there", "DELETE", &one, String::new(), 404),
        ("a collection", "DELETE", TELEMETRIES, String::new(), 405),
    ] {
        let asked = ask(&server, method, path, &body);
        let (got, body) = (asked.status, asked.body().0);
        assert_eq!(got, status, "{label}: {body}");
    }
}

const POD_JSON: &str =
    r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "new"}, "spec": {}}"#;

#[test]
fn says_no() {
    let server = server();
    let log = "/api/v1/namespaces/ns/pods/p/log";
    let with = |query: &str| format!("{log}?container=c&{query}");
    for (label, path, status, message) in [
        ("path", "/nonsense".to_owned(), 404, "the server could not find the requested resource"),
        ("group", "/apis/none/v1/pods".to_owned(), 404, "the server could not find"),
        ("selector", "/api/v1/pods?labelSelector=a%20b".to_owned(), 400, "unable to parse"),
        (
            "field",
            "/api/v1/pods?fieldSelector=a%3Db".to_owned(),
            400,
            "field label not supported: a",
        ),
        ("version", "/api/v1/pods?watch=1&resourceVersion=a".to_owned(), 400, "invalid syntax"),
        (
            "streaming list",
            "/api/v1/pods?watch=1&sendInitialEvents=true".to_owned(),
            422,
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
        ),
        (
            "which container",
            log.to_owned(),
            400,
            "a container name must be specified for pod p, choose one of: [c d] or one of the init \
             containers: [i]",
        ),
        (
            "no status",
            format!("{log}?container=d"),
            400,
            "container \"d\" in pod \"p\" is not available",
        ),
        ("two times", with("sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z"), 422, "at most one of"),
        ("no time", with("sinceTime=yesterday"), 400, "parsing time \"yesterday\""),
        ("no bytes", with("limitBytes=0"), 422, "must be greater than 0"),
    ] {
        let asked = ask(&server, "GET", &path, "");
        let code = asked.status;
        let body = asked.json();
        assert_eq!((code, &body["code"]), (status, &json!(status)), "{label}: {body}");
        assert!(body["message"].as_str().unwrap().contains(message), "{label}: {body}");
    }
    server.fail("/api/v1/pods", 2, 429, Some(7));
    for (label, path, status) in [
        ("another path", "/api/v1/services", 200),
        ("first", "/api/v1/pods", 429),
        ("second", "/api/v1/pods?limit=1", 429),
        ("no more", "/api/v1/pods", 200),
    ] {
        let asked = ask(&server, "GET", path, "");
        assert_eq!(asked.status, status, "{label}");
        assert_eq!(asked.head.contains("retry-after: 7\r\n"), status == 429, "{label}");
    }
    server.without_groups(&["telemetry.istio.io"]);
    assert_eq!(ask(&server, "GET", TELEMETRIES, "").status, 404, "not installed");
    assert_eq!(server.problems().len(), 3, "{:?}", server.problems());
}

#[test]
fn lets_roles_decide() {
    let server = server();
    server.allow_only(
        "{kind: ClusterRole, metadata: {name: r}, rules: [
            {apiGroups: [''], resources: [pods], verbs: [get, list]},
            {apiGroups: ['*'], resources: [telemetries], verbs: [create]}]}",
    );
    server.forbid(Rule {
        user: Some(USER.to_owned()),
        verb: "get".to_owned(),
        resource: "pods".to_owned(),
        namespace: Some("ns".to_owned()),
    });
    for (label, method, path, status) in [
        ("allowed", "GET", "/api/v1/pods", 200),
        ("another verb", "GET", "/api/v1/pods?watch=1", 403),
        ("a subresource", "GET", "/api/v1/namespaces/ns/pods/p/log", 403),
        ("forbidden besides", "GET", "/api/v1/namespaces/ns/pods/p", 403),
        ("allowed, but no body", "POST", TELEMETRIES, 400),
        ("another resource", "GET", TELEMETRIES, 403),
        ("discovery", "GET", "/apis", 200),
    ] {
        assert_eq!(ask(&server, method, path, "").status, status, "{label}");
    }
    for (verb, allowed) in [("list", true), ("watch", false)] {
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"verb": verb, "resource": "pods"}}});
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let review = ask(&server, "POST", path, &review.to_string()).json();
        assert_eq!(review["status"]["allowed"], allowed, "{verb}");
    }
}

#[test]
fn is_slow_when_asked() {
    let server = server();
    server.slow(Some((3, Duration::from_millis(1))));
    server.log("ns", "p", "c").line("12345678");
    let mut asked = ask(&server, "GET", "/api/v1/namespaces/ns/pods/p/log?container=c", "");
    let mut got = String::new();
    while let Some(chunk) = Some(asked.chunk().unwrap()).filter(|chunk| !chunk.is_empty()) {
        assert!(chunk.len() <= 3, "{chunk:?}");
        write!(got, "{chunk}|").unwrap();
    }
    assert_eq!(got, "123|456|78\n|");
}
