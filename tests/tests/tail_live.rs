//! `tail` on a cluster: the right pods, in the right format, without loss and without repetition.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are test code: a failing step is a failing test"
)]

use std::collections::BTreeSet;

use serde_json::Value;
use tests::balance_play::{Stage, Told};
use tests::envoy::Envoy;
use tests::kube::Cut;
use tests::tail_play::{Cluster, Ended, MESH, NAMESPACE, SILENT_MESH, line};

/// The paths of records, in their order.
fn paths(lines: &[String]) -> Vec<String> {
    let path = |line: &String| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["path"].as_str().unwrap().to_owned()
    };
    lines.iter().map(path).collect()
}

#[test]
fn follows_the_pods_of_a_deployment() {
    let cluster = Cluster::start(MESH);
    cluster.deployment("reviews");
    let one = cluster.pod("reviews", "reviews-5c4d-a");
    let other = cluster.pod("ratings", "ratings-5c4d-b");
    one.line(line("/before", 1));
    other.line(line("/other", 1));
    let tail = cluster.tail(&["deploy/reviews"]);
    tail.wait_out(1);
    one.line(line("/after", 2));
    tail.wait_out(2);
    let ended = tail.end();
    let lines: Vec<String> = ended.out.lines().map(str::to_owned).collect();
    assert_eq!(paths(&lines), ["/before", "/after"], "{}", ended.err);
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(first["pod"], "reviews-5c4d-a");
    assert_eq!(first["namespace"], NAMESPACE);
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.err.contains("2 lines read: 2 records"), "{}", ended.err);
}

/// The paths of the records that a command has printed.
fn printed(ended: &Ended) -> Vec<String> {
    paths(&ended.out.lines().map(str::to_owned).collect::<Vec<_>>())
}

/// The paths `/0`, `/1` and so on.
fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("/{number}")).collect()
}

#[test]
fn a_cut_at_any_byte_of_a_line_loses_nothing() {
    const PODS: usize = 20;
    const COUNT: usize = 40;
    let length = format!("2026-11-26T02:00:00.000000000Z {}\n", line("/10", 1)).len();
    for cut in [Cut::Clean, Cut::Abort] {
        let cluster = Cluster::start(MESH);
        let pods: Vec<String> =
            (0..PODS).map(|number| format!("reviews-5c4d-{number}-x")).collect();
        let logs: Vec<_> = pods.iter().map(|name| cluster.pod("reviews", name)).collect();
        // All offsets within two lines, each pod its share of them. A stream that goes on gives the lines
        // of the second again, so that it has these bytes, too.
        let mut cuts = 0;
        for (at, name) in pods.iter().enumerate() {
            for bytes in (at..2 * length).step_by(PODS) {
                cluster.server.cut_log_at(NAMESPACE, name, "istio-proxy", bytes + 1, cut);
                cuts += 1;
            }
        }
        let tail = cluster.tail(&["reviews", "--order", "arrival"]);
        for number in 0..COUNT {
            logs.iter().for_each(|log| log.line(line(&format!("/{number}"), number as u64)));
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        let asked = || {
            let requests = cluster.server.requests();
            requests.iter().filter(|it| it.path.ends_with("/log")).count()
        };
        tail.wait("all cuts", || asked() >= cuts + PODS);
        tail.wait_out(PODS * COUNT);
        let ended = tail.end();
        for name in &pods {
            let own: Vec<String> =
                ended.out.lines().filter(|line| line.contains(name)).map(str::to_owned).collect();
            assert_eq!(paths(&own), numbered(COUNT), "{cut:?} {name}: {}", ended.err);
        }
        assert!(!ended.err.contains("may be missing"), "{cut:?}: {}", ended.err);
        assert!(ended.err.contains(" 0 unparsed"), "{cut:?}: {}", ended.err);
    }
}

#[test]
fn an_api_server_may_be_gone_for_half_a_minute() {
    let cluster = Cluster::start(MESH);
    let log = cluster.pod("reviews", "reviews-5c4d-a");
    let tail = cluster.tail(&["reviews"]);
    log.line(line("/0", 1));
    tail.wait_out(1);
    cluster.server.down();
    for number in 1..30 {
        std::thread::sleep(std::time::Duration::from_secs(1));
        log.line(line(&format!("/{number}"), number));
    }
    let later = cluster.pod("reviews", "reviews-5c4d-b");
    later.line(line("/30", 30));
    cluster.server.up();
    tail.wait_out(31);
    let ended = tail.end();
    let mut paths = printed(&ended);
    paths.sort_by_key(|path| path.trim_start_matches('/').parse::<usize>().unwrap());
    assert_eq!(paths, numbered(31), "{}", ended.err);
    assert_eq!(ended.err.matches("trying on").count(), 1, "{}", ended.err);
    assert_eq!(ended.err.matches("answered again").count(), 1, "{}", ended.err);
    assert!(!ended.err.contains("may be missing"), "{}", ended.err);
}

#[test]
fn a_rotation_between_cut_and_resumption_is_a_gap() {
    for (label, rotated, cut, gap) in [
        ("rotated and cut", true, true, true),
        ("cut", false, true, false),
        ("rotated", true, false, false),
    ] {
        let cluster = Cluster::start(MESH);
        let log = cluster.pod("reviews", "reviews-5c4d-a");
        let tail = cluster.tail(&["reviews-5c4d-a"]);
        log.line(line("/0", 1));
        tail.wait_out(1);
        if rotated {
            log.rotate();
        }
        if cut {
            cluster.server.cut_logs(Cut::Abort);
            let asked = || {
                let requests = cluster.server.requests();
                requests.iter().filter(|it| it.path.ends_with("/log")).count()
            };
            tail.wait("another stream", || asked() == 2);
        }
        log.line(line("/1", 2));
        tail.wait_out(2);
        let ended = tail.end();
        assert_eq!(printed(&ended), numbered(2), "{label}: {}", ended.err);
        let shown = ended.err.lines().find(|line| line.contains("may be missing between"));
        assert_eq!(shown.is_some(), gap, "{label}: {}", ended.err);
        assert!(shown.is_none_or(|shown| shown.matches("Z").count() == 2), "{label}: {shown:?}");
    }
}

#[test]
fn targets_are_those_of_kubectl_and_stern() {
    let cluster = Cluster::start(MESH);
    for app in ["reviews", "ratings"] {
        cluster.deployment(app);
        cluster.pod(app, &format!("{app}-5c4d-a")).line(line(&format!("/{app}"), 1));
    }
    cluster.server.apply(
        "
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: ratings}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, serviceName: db, template: {metadata: {labels: {app: reviews}}}}
",
    );
    cluster.pod("plain", "plain-a");
    cluster.server.change("Pod", NAMESPACE, "plain-a", |pod| {
        pod["spec"]["containers"] = serde_json::json!([{"name": "app", "image": "app"}]);
    });
    cluster.server.log(NAMESPACE, "plain-a", "app").line(line("/app", 1));
    let native = cluster.pod("native", "native-a");
    native.line(line("/native", 1));
    cluster.server.change("Pod", NAMESPACE, "native-a", |pod| {
        let proxy = pod["spec"]["containers"].as_array_mut().unwrap().remove(1);
        pod["spec"]["initContainers"] = serde_json::json!([proxy]);
        pod["spec"]["initContainers"][0]["restartPolicy"] = "Always".into();
        let status = pod["status"]["containerStatuses"].as_array_mut().unwrap().remove(1);
        pod["status"]["initContainerStatuses"] = serde_json::json!([status]);
    });
    let found: [(&[&str], &[&str]); 14] = [
        (&["reviews-5c4d-a"], &["/reviews"]),
        (&["pod/reviews-5c4d-a"], &["/reviews"]),
        (&["deploy/ratings"], &["/ratings"]),
        (&["deployment/ratings"], &["/ratings"]),
        (&["rs/ratings-5c4d"], &["/ratings"]),
        (&["sts/db"], &["/reviews"]),
        (&["svc/web"], &["/ratings"]),
        (&["re.*s|native"], &["/native", "/reviews"]),
        (&["^r.*-a$"], &["/ratings", "/reviews"]),
        (&["-l", "app=reviews"], &["/reviews"]),
        (&["-l", "app in (reviews, ratings)"], &["/ratings", "/reviews"]),
        (&["-A", "-l", "app=ratings"], &["/ratings"]),
        (&["-n", "shop", "--field-selector", "metadata.name=ratings-5c4d-a"], &["/ratings"]),
        (&["plain-a", "-c", "app"], &["/app"]),
    ];
    for (arguments, expected) in found {
        let mut all = vec!["tail", "--no-follow"];
        all.extend(arguments);
        let ended = cluster.run(&all);
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}", ended.err);
        let mut paths = printed(&ended);
        paths.sort();
        assert_eq!(paths, expected, "{arguments:?}: {}", ended.err);
    }
    let wrong: [(&[&str], &str); 9] = [
        (&["deploy/none"], "deployments.apps \"none\" not found"),
        (&["none"], "no pod is named `none`"),
        (&["thing/none"], "`thing` is no type of objects that have pods"),
        (&["re(views"], "is no regular expression"),
        (&["plain-a"], "no pod has a container `istio-proxy`"),
        (&["deploy/reviews", "-A"], "is in one namespace"),
        (&["reviews", "-l", "a=b=c"], "selector"),
        (&["./reviews", "-n", "shop"], "--namespace is for pods"),
        (&["reviews", "--since", "ten"], "expected a duration"),
    ];
    for (arguments, expected) in wrong {
        let mut all = vec!["tail", "--no-follow"];
        all.extend(arguments);
        let ended = cluster.run(&all);
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(expected), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn what_is_there_already_is_chosen_as_kubectl_does() {
    let cluster = Cluster::start(MESH);
    let log = cluster.pod("reviews", "reviews-5c4d-a");
    let now = jiff::Timestamp::now();
    for number in 0..20 {
        let time = now - jiff::SignedDuration::from_mins(20 - number);
        log.line_at(time, line(&format!("/{number}"), number.unsigned_abs()));
    }
    log.restart();
    let since_time = (now - jiff::SignedDuration::from_secs(150)).to_string();
    let cases: [(&[&str], usize); 6] = [
        (&["-p"], 20),
        (&["-p", "--tail", "3"], 3),
        (&["-p", "--since", "330s"], 5),
        (&["-p", "--since-time", &since_time], 2),
        (&["--tail", "5"], 0),
        (&["-p", "--tail", "-1"], 20),
    ];
    for (arguments, count) in cases {
        let mut all = vec!["tail", "reviews-5c4d-a", "--no-follow"];
        all.extend(arguments);
        let ended = cluster.run(&all);
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}", ended.err);
        assert_eq!(printed(&ended).len(), count, "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn lines_of_several_pods_stand_in_the_order_of_their_requests() {
    let cluster = Cluster::start(MESH);
    let count = 6;
    for pod in 0..count {
        let log = cluster.pod("reviews", &format!("reviews-5c4d-{pod}"));
        for at in 0..50 {
            log.line(line("/there", at * 1000 + pod));
        }
    }
    let starts = |ended: &Ended| -> Vec<String> {
        let records = ended.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.map(|record| record["start_time"].as_str().unwrap().to_owned()).collect()
    };
    let tail = cluster.tail(&["reviews", "--tail", "-1"]);
    tail.wait_out(50 * usize::try_from(count).unwrap());
    let ended = tail.end();
    assert!(starts(&ended).is_sorted(), "what is there already: {}", ended.err);

    for (order, sorted) in [("time", true), ("arrival", false)] {
        let cluster = Cluster::start(MESH);
        let gateway = cluster.pod("gateway", "gateway-5c4d-a");
        let reviews = cluster.pod("reviews", "reviews-5c4d-a");
        let tail = cluster.tail(&["gateway|reviews", "--order", order]);
        tail.wait("two streams", || cluster.server.open_logs() == 2);
        // After the rush of what is there already.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        // The request that began first ends last.
        reviews.line(line("/inner", 20));
        std::thread::sleep(std::time::Duration::from_millis(50));
        gateway.line(line("/outer", 10));
        tail.wait_out(2);
        let ended = tail.end();
        assert_eq!(starts(&ended).is_sorted(), sorted, "{order}: {}", ended.out);
    }
}

#[test]
fn says_why_nothing_is_logged() {
    let filtered = "
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: quiet, namespace: shop}
spec: {accessLogging: [{providers: [{name: envoy}], disabled: true}]}
";
    let cases: [(&str, &str, &str, &[&str]); 4] = [
        (
            "off by MeshConfig",
            SILENT_MESH,
            "",
            &["none of these pods writes", "accessLogFile is empty", "--enable"],
        ),
        (
            "off by Telemetry",
            MESH,
            filtered,
            &["none of these pods writes", "shop/quiet", "--enable"],
        ),
        ("no proxy", MESH, "no proxy", &["has no container `istio-proxy`", "no proxy:"]),
        ("logs", MESH, "", &[]),
    ];
    for (label, mesh, objects, expected) in cases {
        let cluster = Cluster::start(mesh);
        cluster.pod("reviews", "reviews-5c4d-a");
        match objects {
            "no proxy" => cluster.server.change("Pod", NAMESPACE, "reviews-5c4d-a", |pod| {
                pod["spec"]["containers"] = serde_json::json!([{"name": "app", "image": "app"}]);
                pod["metadata"]["annotations"] = Value::Null;
            }),
            objects => cluster.server.apply(objects),
        }
        let tail = cluster.tail(&["-l", "app=reviews"]);
        tail.wait_err("reviews");
        let ended = tail.end();
        for text in expected {
            assert!(ended.err.contains(text), "{label}: {text}: {}", ended.err);
        }
        let is_silent = !expected.is_empty();
        assert_eq!(ended.err.contains("none of these"), is_silent, "{label}: {}", ended.err);
    }
}

#[test]
fn hostile_lines_and_odd_answers_cost_no_good_line() {
    let cluster = Cluster::start(MESH);
    let log = cluster.pod("reviews", "reviews-5c4d-a");
    log.line(b"\x1b[2J\x00\xff\xfe not a record");
    log.line(vec![b'x'; 3 << 20]);
    log.line("");
    log.line(line("/\x1b[31m", 1));
    log.line(line("/good", 2));
    cluster.server.fail("/api/v1/namespaces/shop/pods/reviews-5c4d-a/log", 2, 500, None);
    cluster.server.slow(Some((4096, std::time::Duration::from_millis(1))));
    let tail = cluster.tail(&["reviews-5c4d-a", "-o", "pretty", "--tail", "-1"]);
    tail.wait("the good line", || tail.out().iter().any(|line| line.contains("/good")));
    let ended = tail.end();
    assert!(!ended.out.contains('\x1b') && !ended.err.contains('\x1b'), "{}", ended.out);
    assert!(ended.err.contains("5 lines read: 2 records"), "{}", ended.err);
    assert!(ended.err.contains("1 oversized"), "{}", ended.err);
    assert_eq!(ended.status.code(), Some(0));
}

#[test]
fn options_of_reading_hold_for_pods() {
    let cluster = Cluster::start(MESH);
    let log = cluster.pod("reviews", "reviews-5c4d-a");
    log.line(line("/a", 1));
    log.line(line("/b", 2).replace(" 200 ", " 503 "));
    let where_args = ["--where", "response.code >= 500", "--fields", "pod,path"];
    let cases: [(&[&str], &str); 5] = [
        (&where_args, "{\"pod\":\"reviews-5c4d-a\",\"path\":\"/b\"}"),
        (
            &["-o", "csv", "--fields", "namespace,path"],
            "namespace,path,ambiguous\r\nshop,/a,\r\nshop,/b,",
        ),
        (&["-o", "raw", "--tail", "1"], "\"GET /b HTTP/1.1\" 503"),
        (&["--format", "%START_TIME%x", "--fields", "start_time"], ""),
        (&["--enrich", "--fields", "path,traffic"], "\"class\":\"outbound-matched\""),
    ];
    for (arguments, expected) in cases {
        let mut all = vec!["tail", "reviews-5c4d-a", "--no-follow"];
        all.extend(arguments);
        let ended = cluster.run(&all);
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}", ended.err);
        assert!(ended.out.contains(expected), "{arguments:?}: {}\n{}", ended.out, ended.err);
    }
}

#[test]
fn two_hundred_pods_in_one_terminal() {
    let cluster = Cluster::start(MESH);
    let logs: Vec<_> =
        (0..200).map(|number| cluster.pod("many", &format!("many-5c4d-{number}"))).collect();
    let tail = cluster.tail(&["many", "--fields", "pod,path"]);
    tail.wait("all streams", || cluster.server.open_logs() == logs.len());
    for number in 0..20 {
        logs.iter().for_each(|log| log.line(line(&format!("/{number}"), number)));
    }
    let lines = tail.wait_out(20 * logs.len());
    let distinct: BTreeSet<&String> = lines.iter().collect();
    assert_eq!(distinct.len(), 20 * logs.len());
    tail.end();
    let tail = cluster.tail(&["many", "--max-log-requests", "20"]);
    tail.wait_err("--max-log-requests allows more");
    tail.wait("twenty streams", || cluster.server.open_logs() == 20);
}

#[test]
fn the_log_of_a_real_envoy() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::create(folder.path());
    let envoy = Envoy::start(&stage.bootstrap(), folder.path());
    let sent = stage.play(&envoy, "ROUND_ROBIN", false);
    envoy.stop();
    let text = std::fs::read_to_string(stage.log("ROUND_ROBIN", Told::Nothing)).unwrap();
    let cluster = Cluster::start(MESH);
    let log = cluster.pod("reviews", "reviews-5c4d-a");
    let tail = cluster.tail(&["reviews", "--tail", "-1"]);
    let lines: Vec<&str> = text.lines().collect();
    for (at, chunk) in lines.chunks(40).enumerate() {
        log.lines(chunk);
        if at % 3 == 1 {
            cluster.server.cut_logs(Cut::Abort);
        }
    }
    tail.wait_out(lines.len());
    let ended = tail.end();
    assert_eq!(ended.out.lines().count(), lines.len(), "{}", ended.err);
    assert_eq!(u64::try_from(lines.len()).unwrap(), sent.requests);
    assert!(ended.err.contains(" 0 unparsed"), "{}", ended.err);
    let direct = folder.path().join("log");
    std::fs::write(&direct, &text).unwrap();
    let parsed = cluster.run(&["parse", direct.to_str().unwrap()]);
    let without = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        for key in ["namespace", "pod", "container", "time"] {
            record.as_object_mut().unwrap().remove(key);
        }
        record
    };
    let live: Vec<Value> = ended.out.lines().map(without).collect();
    let parsed: Vec<Value> = parsed.out.lines().map(without).collect();
    assert_eq!(live, parsed);
}
