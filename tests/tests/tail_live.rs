//! `tail` on a cluster: the right pods, in the right format, without loss and without repetition.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are test code: a failing step is a failing test"
)]

use serde_json::Value;
use tests::tail_play::{Cluster, MESH, NAMESPACE, line};

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
