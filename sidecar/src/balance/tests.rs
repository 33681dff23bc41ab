use accesslog::{Format, Preset, Reader};

use super::*;
use crate::class::classify;

/// A line of Istio's default format, with the attempt count behind it unless it is `-`.
fn line(code: u16, flags: &str, host: &str, cluster: &str, time: &str, attempts: &str) -> String {
    let count = if attempts == "-" { String::new() } else { format!(" {attempts}") };
    format!(
        "[2026-11-25T18:00:00.000Z] \"GET / HTTP/1.1\" {code} {flags} via_upstream - \"-\" 0 2 50 {time} \
         \"-\" \"-\" \"-\" \"a\" \"{host}\" {cluster} 10.0.0.1:4 10.96.0.1:80 10.0.0.1:5 - default{count}"
    )
}

const CLUSTER: &str = "outbound|80||a.shop.svc.cluster.local";

/// A balance of lines: `(line, history)`.
fn balance(lines: &[(String, Option<Vec<Attempt<'_>>>)]) -> Balance {
    let plain = Preset::from_name("istio").unwrap().text().trim_end();
    let counting = format!("{plain} %UPSTREAM_REQUEST_ATTEMPT_COUNT%");
    let is_plain = lines.iter().all(|(line, _)| line.ends_with("default"));
    let format = Format::compile(if is_plain { plain } else { &counting }).unwrap();
    let mut reader = Reader::new(format.into());
    let mut balance = Balance::new();
    for (line, history) in lines {
        let record = reader.read(line.as_bytes()).unwrap();
        balance.add(&classify(&record, None), &record, history.as_deref());
    }
    balance
}

/// `requests errors retries` of the service and of its hosts, and the unplaced attempts.
fn told(balance: &Balance) -> String {
    let report = balance.report(&Pods::default());
    let retries = |retries: Option<u64>| retries.map_or("-".to_owned(), |it| it.to_string());
    let services = report.services.iter().map(|it| {
        let hosts = it.hosts.iter().map(|host| {
            let latency = host.latency_ms.map_or(String::new(), |it| format!(" {}ms", it.p50));
            let retries = retries(host.retries);
            format!("; {} {} {} {retries}{latency}", host.address, host.requests, host.errors)
        });
        let hosts: String = hosts.collect();
        format!("{} {} {} +{}{hosts}", it.requests, it.errors, retries(it.retries), it.unplaced)
    });
    services.collect::<Vec<_>>().join(" | ")
}

#[test]
fn records_are_counted_where_they_went() {
    let plain = |code, flags, host| (line(code, flags, host, CLUSTER, "7", "-"), None);
    let counted = |code, flags, host, count| (line(code, flags, host, CLUSTER, "7", count), None);
    let attempt = |host, failed, latency_ms| Attempt { host, failed, latency_ms };
    let (a, b) = ("10.1.0.1:80", "10.1.0.2:80");
    for (label, lines, expected) in [
        ("one", vec![plain(200, "-", a)], "1 0 - +0; 10.1.0.1:80 1 0 - 7ms"),
        (
            "two",
            vec![plain(200, "-", a), plain(200, "-", b)],
            "2 0 - +0; 10.1.0.1:80 1 0 - 7ms; 10.1.0.2:80 1 0 - 7ms",
        ),
        ("a failure by code", vec![plain(503, "-", a)], "1 1 - +0; 10.1.0.1:80 1 1 - 7ms"),
        ("no failure of the service", vec![plain(404, "-", a)], "1 0 - +0; 10.1.0.1:80 1 0 - 7ms"),
        ("a failure by flag", vec![plain(0, "UF,URX", a)], "1 1 - +0; 10.1.0.1:80 1 1 -"),
        ("the client left", vec![plain(0, "DC", a)], "1 0 - +0; 10.1.0.1:80 1 0 -"),
        ("no host", vec![plain(503, "UH", "-")], "1 1 - +0"),
        (
            "no service time",
            vec![(line(200, "-", a, CLUSTER, "-", "-"), None)],
            "1 0 - +0; 10.1.0.1:80 1 0 - 50ms",
        ),
        ("not retried", vec![counted(200, "-", a, "1")], "1 0 0 +0; 10.1.0.1:80 1 0 0 7ms"),
        // The time is that of all attempts, and nobody knows the first host.
        ("retried", vec![counted(200, "-", a, "3")], "1 0 2 +2; 10.1.0.1:80 1 0 1"),
        (
            "counts that no proxy writes",
            vec![counted(200, "-", a, "18446744073709551615"), counted(200, "-", a, "9")],
            "2 0 18446744073709551615 +18446744073709551615; 10.1.0.1:80 2 0 2",
        ),
        ("never tried", vec![counted(503, "UH", "-", "0")], "1 1 0 +0"),
        (
            "a history",
            vec![(
                line(200, "-", b, CLUSTER, "7", "2"),
                Some(vec![attempt(Some(a), true, Some(2)), attempt(Some(b), false, Some(3))]),
            )],
            "1 0 1 +0; 10.1.0.1:80 1 1 0 2ms; 10.1.0.2:80 1 0 1 3ms",
        ),
        (
            "a history that is not all",
            vec![(
                line(503, "URX", b, CLUSTER, "7", "5"),
                Some(vec![attempt(None, true, None), attempt(Some(b), true, None)]),
            )],
            "1 1 4 +4; 10.1.0.2:80 1 1 1",
        ),
        ("inbound", vec![(line(200, "-", a, "inbound|80||", "7", "1"), None)], ""),
        ("passed through", vec![(line(200, "-", a, "PassthroughCluster", "7", "1"), None)], ""),
        ("no cluster", vec![(line(404, "NR", "-", "-", "-", "-"), None)], ""),
        (
            "a name of statistics",
            vec![(line(200, "-", a, "outbound|80||a.b;", "7", "1"), None)],
            "1 0 0 +0; 10.1.0.1:80 1 0 0 7ms",
        ),
        (
            "not a name of Istio's",
            vec![(line(200, "-", a, "backend", "7", "1"), None)],
            "1 0 0 +0; 10.1.0.1:80 1 0 0 7ms",
        ),
    ] {
        let balance = balance(&lines);
        assert_eq!(told(&balance), expected, "{label}");
        assert_eq!(
            balance.records(),
            (lines.len() as u64, u64::from(expected.is_empty())),
            "{label}"
        );
    }
}

#[test]
fn memory_does_not_grow_with_hosts_beyond_the_limit() {
    let hosts = MOST_HOSTS + 5;
    let lines: Vec<_> = (0..hosts)
        .map(|it| {
            let host = format!("10.1.{}.{}:80", it / 256, it % 256);
            (line(200, "-", &host, CLUSTER, "7", "1"), None)
        })
        .collect();
    let balance = balance(&lines);
    assert_eq!(balance.beyond_limit(), 6, "one place is the service's");
    let report = balance.report(&Pods::default());
    assert_eq!(report.services[0].requests, hosts as u64);
    assert_eq!(report.services[0].hosts.len(), MOST_HOSTS - 1);
    let long = format!("outbound|80||{}.b", "a".repeat(2 * LONGEST));
    let mut balance = self::balance(&[(line(200, "-", "10.1.0.1:80", &long, "7", "1"), None)]);
    assert_eq!((balance.beyond_limit(), told(&balance).as_str()), (1, ""));
    balance.kept = MOST_HOSTS;
    assert!(balance.service("another").is_none());
}
