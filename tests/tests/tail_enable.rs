//! Access logging switched on for the time of a look, and off again whatever ends it.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are test code: a failing step is a failing test"
)]

use rustix::process::Signal;
use serde_json::Value;
use tests::kube::Rule;
use tests::tail_play::{Cluster, NAMESPACE, SILENT_MESH, Tail, line};

/// A cluster that does not log, with a Deployment that is looked at and one that is not.
fn silent() -> Cluster {
    let cluster = Cluster::start(SILENT_MESH);
    for app in ["reviews", "ratings"] {
        cluster.deployment(app);
        cluster.pod(app, &format!("{app}-5c4d-a"));
    }
    cluster
}

/// The Telemetry objects that are there.
fn objects(cluster: &Cluster) -> Vec<Value> {
    cluster.server.list("Telemetry")
}

/// Begins a look at `reviews`, and waits until logging is on.
fn look(cluster: &Cluster) -> Tail {
    let tail = cluster.tail(&["deploy/reviews", "--enable", "--yes"]);
    tail.wait_err("switched on");
    tail
}

#[test]
fn switches_on_exactly_what_is_looked_at() {
    let cluster = silent();
    let tail =
        cluster.tail(&["deploy/reviews", "--enable", "--yes", "--filter", "response.code >= 500"]);
    tail.wait_err("switched on");
    let [object] = objects(&cluster).try_into().unwrap();
    assert_eq!(object["metadata"]["namespace"], NAMESPACE);
    assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/managed-by"], "logcollector");
    assert!(object["metadata"]["annotations"]["logcollector.io/expires"].is_string());
    assert_eq!(object["spec"]["selector"]["matchLabels"], serde_json::json!({"app": "reviews"}));
    let logging = &object["spec"]["accessLogging"][0];
    assert_eq!(logging["providers"][0]["name"], "envoy");
    assert_eq!(logging["filter"]["expression"], "response.code >= 500");
    cluster.server.log(NAMESPACE, "reviews-5c4d-a", "istio-proxy").line(line("/now", 1));
    tail.wait_err("the first line after");
    let ended = tail.end();
    assert!(objects(&cluster).is_empty(), "{}", ended.err);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert!(ended.out.contains("/now"));
    let tries = cluster.server.requests().into_iter().filter(|it| it.method == "POST");
    let tries: Vec<bool> = tries.map(|it| it.query.contains("dryRun=All")).collect();
    assert_eq!(tries, [true, false], "a dry run first");
}

#[test]
fn switches_off_whatever_ends_it() {
    for (label, signal) in
        [("Ctrl-C", Signal::INT), ("SIGTERM", Signal::TERM), ("lost terminal", Signal::HUP)]
    {
        let cluster = silent();
        let tail = look(&cluster);
        assert_eq!(objects(&cluster).len(), 1, "{label}");
        tail.signal(signal);
        let ended = tail.ended();
        assert!(objects(&cluster).is_empty(), "{label}: {}", ended.err);
        assert_eq!(ended.status.code(), Some(0), "{label}: {}", ended.err);
        assert!(ended.err.contains("removed"), "{label}: {}", ended.err);
    }
}

#[test]
fn switches_off_when_nobody_reads() {
    let cluster = silent();
    let mut command = cluster.command(&["tail", "deploy/reviews", "--enable", "--yes"]);
    let (reader, writer) = std::io::pipe().unwrap();
    let errors = tempfile::NamedTempFile::new().unwrap();
    let mut child = command
        .stdin(std::process::Stdio::null())
        .stdout(writer)
        .stderr(errors.reopen().unwrap())
        .spawn()
        .unwrap();
    drop(command);
    let said = || std::fs::read_to_string(errors.path()).unwrap();
    while !said().contains("switched on") {
        std::thread::sleep(std::time::Duration::from_millis(10));
        assert!(child.try_wait().unwrap().is_none(), "{}", said());
    }
    drop(reader);
    cluster.server.log(NAMESPACE, "reviews-5c4d-a", "istio-proxy").line(line("/now", 1));
    let status = child.wait().unwrap();
    assert!(objects(&cluster).is_empty(), "{}", said());
    assert_eq!(status.code(), Some(0), "{}", said());
}

#[test]
fn the_next_look_removes_what_a_killed_one_left() {
    let cluster = silent();
    let tail = look(&cluster);
    tail.signal(Signal::KILL);
    tail.ended();
    let [left] = objects(&cluster).try_into().unwrap();
    let name = left["metadata"]["name"].as_str().unwrap();

    let ended = cluster.run(&["telemetry", "disable", "--expired"]);
    assert_eq!(ended.status.code(), Some(1), "it has not expired: {}", ended.err);
    assert_eq!(objects(&cluster).len(), 1);

    cluster.server.change("Telemetry", NAMESPACE, name, |object| {
        object["metadata"]["annotations"]["logcollector.io/expires"] =
            "2026-01-01T00:00:00Z".into();
    });
    let ended = cluster.run(&["tail", "deploy/ratings", "--no-follow"]);
    assert!(objects(&cluster).is_empty(), "{}", ended.err);
    assert!(ended.err.contains("has expired"), "{}", ended.err);
}

#[test]
fn what_somebody_has_changed_is_theirs() {
    let cluster = silent();
    let tail = look(&cluster);
    let [object] = objects(&cluster).try_into().unwrap();
    let name = object["metadata"]["name"].as_str().unwrap();
    cluster.server.change("Telemetry", NAMESPACE, name, |object| {
        object["spec"]["accessLogging"][0]["filter"] =
            serde_json::json!({"expression": "response.code >= 400"});
    });
    let ended = tail.end();
    assert_eq!(objects(&cluster).len(), 1, "{}", ended.err);
    assert!(ended.err.contains("somebody has changed it"), "{}", ended.err);
    assert!(ended.err.contains("kubectl delete"), "{}", ended.err);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.err);
}

#[test]
fn what_was_deleted_by_somebody_is_no_mistake() {
    let cluster = silent();
    let tail = look(&cluster);
    let [object] = objects(&cluster).try_into().unwrap();
    cluster.server.delete("Telemetry", NAMESPACE, object["metadata"]["name"].as_str().unwrap());
    let ended = tail.end();
    assert!(ended.err.contains("was gone already"), "{}", ended.err);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
}

#[test]
fn a_lost_connection_is_tried_again_at_the_end() {
    let cluster = silent();
    let tail = look(&cluster);
    cluster.server.down();
    tail.wait_err("trying on");
    tail.signal(Signal::INT);
    std::thread::sleep(std::time::Duration::from_millis(700));
    cluster.server.up();
    let ended = tail.ended();
    assert!(objects(&cluster).is_empty(), "{}", ended.err);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
}

#[test]
fn says_what_is_left_where_the_connection_stays_lost() {
    let cluster = silent();
    let tail = look(&cluster);
    cluster.server.down();
    let ended = tail.end();
    assert!(ended.err.contains("not removed"), "{}", ended.err);
    assert!(ended.err.contains("telemetry disable --expired"), "{}", ended.err);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.err);
}

#[test]
fn does_nothing_where_it_cannot_or_may_not() {
    type Prepare = fn(&Cluster);
    let cases: [(&str, &[&str], Prepare, &str); 6] = [
        (
            "nobody to ask",
            &["deploy/reviews", "--enable"],
            |_| {},
            "there is no terminal to ask on",
        ),
        (
            "a webhook refuses",
            &["deploy/reviews", "--enable", "--yes"],
            |cluster| cluster.server.refuse("Telemetry", "admission webhook \"x\" denied: no"),
            "denied: no",
        ),
        (
            "no right",
            &["deploy/reviews", "--enable", "--yes"],
            |cluster| {
                let (verb, resource) = ("create".to_owned(), "telemetries".to_owned());
                cluster.server.forbid(Rule { user: None, verb, resource, namespace: None });
            },
            "cannot create resource",
        ),
        (
            "one pod of two",
            &["reviews-5c4d-a", "--enable", "--yes"],
            |cluster| drop(cluster.pod("reviews", "reviews-5c4d-b")),
            "reviews-5c4d-b",
        ),
        (
            "a filter that Envoy refuses",
            &["deploy/reviews", "--enable", "--yes", "--filter", "response.code >="],
            |_| {},
            "not CEL",
        ),
        ("an option of another", &["deploy/reviews", "--yes"], |_| {}, "--enable"),
    ];
    for (label, arguments, prepare, expected) in cases {
        let cluster = silent();
        prepare(&cluster);
        let mut all = vec!["tail"];
        all.extend(arguments);
        let ended = cluster.run(&all);
        assert_eq!(ended.status.code(), Some(2), "{label}: {}", ended.err);
        assert!(ended.err.contains(expected), "{label}: {}", ended.err);
        assert!(objects(&cluster).is_empty(), "{label}");
    }
}

#[test]
fn without_a_tail() {
    let cluster = silent();
    let on = cluster.run(&["telemetry", "enable", "deploy/reviews", "--yes", "-o", "json"]);
    assert_eq!(on.status.code(), Some(0), "{}", on.err);
    let plan: Value = serde_json::from_str(&on.out).unwrap();
    assert_eq!(plan["plan"], "create");
    assert_eq!(objects(&cluster).len(), 1);

    let again = cluster.run(&["telemetry", "enable", "deploy/reviews", "--yes"]);
    assert_eq!(again.status.code(), Some(1), "{}", again.err);
    assert!(again.err.contains("log as asked already"), "{}", again.err);

    let other = cluster.run(&["telemetry", "disable", "deploy/ratings"]);
    assert_eq!(other.status.code(), Some(1), "{}", other.err);
    assert_eq!(objects(&cluster).len(), 1, "{}", other.err);

    let off = cluster.run(&["telemetry", "disable", "deploy/reviews"]);
    assert_eq!(off.status.code(), Some(0), "{}", off.err);
    assert!(objects(&cluster).is_empty(), "{}", off.err);

    let nothing = cluster.run(&["telemetry", "disable"]);
    assert_eq!(nothing.status.code(), Some(2), "{}", nothing.err);

    let awhile = cluster.run(&["telemetry", "enable", "deploy/reviews", "--yes", "--for", "500ms"]);
    assert_eq!(awhile.status.code(), Some(0), "{}", awhile.err);
    assert!(objects(&cluster).is_empty(), "{}", awhile.err);
    assert!(awhile.err.contains("removed"), "{}", awhile.err);
}
