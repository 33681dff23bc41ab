use tests::tail_play::{Cluster, MESH, line};
#[test]
fn dbg() {
    let cluster = Cluster::start(MESH);
    cluster.deployment("reviews");
    let one = cluster.pod("reviews", "reviews-5c4d-a");
    one.line(line("/before", 1));
    let tail = cluster.tail(&["deploy/reviews"]);
    std::thread::sleep(std::time::Duration::from_secs(3));
    for r in cluster.server.requests() { println!("{} {}?{}", r.method, r.path, r.query); }
    println!("{:?} open {}", cluster.server.problems(), cluster.server.open_logs());
    println!("{:?}", tail.out());
    let e = tail.end(); println!("{}\n{}", e.out, e.err);
}
