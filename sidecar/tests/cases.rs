//! The tables of cases: what Istio makes of Sidecars, one rule a line.
//!
//! `cases/*.txt` can be read as a specification. A line is a case: its name, the objects beside those
//! of its section, the proxy, the question, and the answer; `cases/README.md` has the notation.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is a test")]

#[path = "cases/lint.rs"]
mod lint;
#[path = "cases/notation.rs"]
mod notation;

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;

use mesh::{Labels, ProxyKind};
use notation::{load, observed};
use sidecar::{
    Call, Class, Fate, Observed, Outbound, Outcome, Protocol, Provider, Scope, Settings, Speech,
    Target, View, endpoints, judge,
};

/// The tables.
const TABLES: &[(&str, &str)] = &[
    ("selection", include_str!("cases/selection.txt")),
    ("policy", include_str!("cases/policy.txt")),
    ("visibility", include_str!("cases/visibility.txt")),
    ("routing", include_str!("cases/routing.txt")),
    ("endpoints", include_str!("cases/endpoints.txt")),
    ("calls", include_str!("cases/calls.txt")),
    ("what-if", include_str!("cases/whatif.txt")),
];

/// A line of a table.
struct Case<'t> {
    label: &'t str,
    /// The objects of the section, and those of the case.
    objects: String,
    proxy: &'t str,
    question: &'t str,
    answer: &'t str,
}

/// The cases of a table: `label | objects | proxy | question | answer`, where an empty proxy or
/// question is that of the line before. A line `mesh: OBJECTS` gives all further cases objects.
fn cases(table: &'static str) -> Vec<Case<'static>> {
    let mut cases: Vec<Case<'static>> = Vec::new();
    let mut common = "";
    for line in
        table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(objects) = line.strip_prefix("mesh:") {
            common = objects;
            continue;
        }
        let mut cells = line.split('|').map(str::trim);
        let mut cell = || cells.next().unwrap_or_else(|| panic!("a cell is missing: {line}"));
        let (label, objects) = (cell(), format!("{common}; {}", cell()));
        let former = |cell: &'static str, former: Option<&'static str>| match cell {
            "\"" => former.unwrap(),
            cell => cell,
        };
        let proxy = former(cell(), cases.last().map(|case| case.proxy));
        let question = former(cell(), cases.last().map(|case| case.question));
        cases.push(Case { label, objects, proxy, question, answer: cell() });
    }
    cases
}

/// The view of objects in the notation.
fn view(text: &str) -> View {
    let mut settings = Settings::default();
    let mut objects = String::new();
    for object in text.split(';').map(str::trim) {
        match object.split_once(' ') {
            Some(("istio", version)) => settings.version = version.parse().unwrap(),
            Some(("revision", name)) => settings.revision = name.to_owned(),
            _ if object == "dns-capture" => settings.dns_capture = true,
            _ => write!(objects, "{object};").unwrap(),
        }
    }
    View::new(&load(&objects), settings)
}

/// The answer to the question of a case.
fn answer(case: &Case<'_>) -> String {
    let (objects, new) = case.objects.split_once("=>").unwrap_or((&case.objects, ""));
    let view = view(objects);
    let mut words = case.proxy.split_whitespace();
    let mut namespace = words.next().unwrap();
    let kind = match namespace {
        "gateway" => ProxyKind::Router,
        _ => ProxyKind::Sidecar,
    };
    if kind == ProxyKind::Router {
        namespace = words.next().unwrap();
    }
    let pairs = words.map(|pair| pair.split_once(':').unwrap());
    let labels: Labels = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let target = Target { namespace, labels: &labels, kind };
    let scope = Scope::of(&view, &target);
    let mut words = case.question.split_whitespace();
    match words.next().unwrap() {
        "sidecar" => {
            scope.sidecar.as_ref().map_or("none".to_owned(), |it| it.meta.qualified_name())
        }
        "policy" => {
            scope.outbound_traffic_policy.as_ref().map_or("none", |it| it.mode.as_str()).into()
        }
        "sees" => sees(&scope),
        "endpoints" => rows(&view, &scope, words.next()),
        "why" => why(&scope, words.next().unwrap()),
        verb @ ("becomes" | "record") => {
            let after = self::view(&format!("{objects};{new}"));
            let after_scope = Scope::of(&after, &target);
            let outbound = Outbound::new(&view, &scope);
            let observed = match verb {
                "record" => record(words),
                _ => {
                    let call = call(words.next().unwrap(), words);
                    observed(&call, &outbound.call(&call))
                }
            };
            let after = Outbound::new(&after, &after_scope);
            let judgement = judge(&observed.as_ref(), &outbound, &after);
            match judgement.verdict.breaks() {
                true => {
                    format!("{}: {}", judgement.verdict.as_str(), told(&judgement.after.unwrap()))
                }
                false => judgement.verdict.as_str().to_owned(),
            }
        }
        speech => told(&Outbound::new(&view, &scope).call(&call(speech, words))),
    }
}

/// A call in the notation.
fn call<'c>(speech: &str, mut words: impl Iterator<Item = &'c str>) -> Call<'c> {
    let (address, port) = words.next().unwrap().rsplit_once(':').unwrap();
    let speech = match speech {
        "http" => Speech::Http { authority: words.next().unwrap() },
        "tls" => Speech::Tls { server_name: words.next() },
        "tcp" => Speech::Other,
        other => panic!("no such question: {other}"),
    };
    Call { address: address.parse().unwrap(), port: port.parse().unwrap(), speech }
}

/// What a record tells, whatever the objects make of it: `FORM CLASS KEY=VALUE...`.
fn record<'c>(mut words: impl Iterator<Item = &'c str>) -> Observed {
    let protocol = match words.next().unwrap() {
        "http" => Protocol::Http,
        _ => Protocol::Tcp,
    };
    let class = match words.next().unwrap() {
        "matched" => Class::OutboundMatched,
        "blocked" => Class::OutboundBlocked,
        _ => Class::OutboundPassthrough,
    };
    let mut observed = Observed {
        class,
        protocol,
        host: None,
        subset: None,
        port: None,
        destination: None,
        authority: None,
        server_name: None,
    };
    for (key, value) in words.map(|word| word.split_once('=').unwrap()) {
        match key {
            "at" => observed.destination = Some(value.parse().unwrap()),
            "authority" => observed.authority = Some(value.to_owned()),
            "cluster" => {
                let (host, port) = value.rsplit_once(':').unwrap();
                let mut parts = port.split('#');
                observed.host = Some(host.to_owned());
                observed.port = parts.next().unwrap().parse().ok();
                observed.subset = parts.next().map(str::to_owned);
            }
            other => panic!("no such part of a record: {other}"),
        }
    }
    observed.port = observed.port.or(observed.destination.map(|it| it.port()));
    observed
}

/// A host without what all Services have in theirs.
fn short(host: &str) -> &str {
    host.strip_suffix(".svc.cluster.local").unwrap_or(host)
}

/// `HOST:PORT,PORT`, or `HOST@NAMESPACE:PORT` of a ServiceEntry; `-` for nothing.
fn sees(scope: &Scope) -> String {
    let mut all = Vec::new();
    for it in scope.report("").services {
        let service = &scope.service(&it.host).unwrap().service;
        let mut text = short(&it.host).to_owned();
        if service.provider == Provider::ServiceEntry {
            write!(text, "@{}", it.namespace).unwrap();
        }
        let ports: Vec<String> = it.ports.iter().map(u16::to_string).collect();
        if !ports.is_empty() {
            write!(text, ":{}", ports.join(",")).unwrap();
        }
        all.push(text);
    }
    if all.is_empty() { "-".to_owned() } else { all.join(" ") }
}

/// The rows whose cluster has this text in it, without those that every proxy has.
fn rows(view: &View, scope: &Scope, of: Option<&str>) -> String {
    let table = endpoints(view, scope, &["10.9.9.9".to_owned()]);
    let rows = table.rows.iter().filter(|row| row.cluster.contains('|'));
    let rows = rows.filter(|row| of.is_none_or(|of| row.cluster.contains(of)));
    let row = |row: &sidecar::EndpointRow| {
        let healthy = if row.status.as_str() == "HEALTHY" { "" } else { " UNHEALTHY" };
        let cluster = row.cluster.replace(".svc.cluster.local", "").replace('|', "/");
        format!("{}{healthy} {cluster}", row.endpoint())
    };
    let rows: Vec<String> = rows.map(row).collect();
    if rows.is_empty() { "-".to_owned() } else { rows.join(", ") }
}

/// What the reasons say of an object.
fn why(scope: &Scope, object: &str) -> String {
    let about = scope.because.iter().filter(|because| because.object.ends_with(object));
    let effects: Vec<&str> = about.map(|because| because.effect.as_str()).collect();
    effects.join("; ")
}

fn told(outcome: &Outcome) -> String {
    let form = match outcome.protocol {
        Protocol::Http => "HTTP",
        Protocol::Tcp => "TCP",
    };
    let fate = match &outcome.fate {
        Fate::Matched { destinations, virtual_service, captured } => {
            let destinations: BTreeSet<String> = destinations
                .iter()
                .map(|it| {
                    let subset = if it.subset.is_empty() { "" } else { "#" };
                    format!("{}:{}{subset}{}", short(&it.host), it.port.unwrap(), it.subset)
                })
                .collect();
            let mut text = destinations.into_iter().collect::<Vec<_>>().join(" or ");
            if let Some(name) = virtual_service {
                write!(text, " by {name}").unwrap();
            }
            if *captured {
                text.push_str(" (captured)");
            }
            text
        }
        Fate::Passthrough => "passthrough".to_owned(),
        Fate::EgressProxy(proxy) => format!("egress proxy {}", short(&proxy.host)),
        Fate::DynamicDns => "dynamic DNS".to_owned(),
        Fate::Blocked => "blocked".to_owned(),
        Fate::NoRoute { virtual_service } => {
            format!("no route by {}", virtual_service.as_deref().unwrap_or("none"))
        }
    };
    format!("{form} {fate}")
}

#[test]
fn every_case_is_as_its_line_says() {
    let mut wrong = String::new();
    for (table, text) in TABLES {
        for case in cases(text) {
            let found = answer(&case);
            if found != case.answer {
                writeln!(
                    wrong,
                    "{table}: {}\n  expected {}\n  found    {found}",
                    case.label, case.answer
                )
                .unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_cases_are_many_and_have_names_of_their_own() {
    let all: Vec<Case<'_>> = TABLES.iter().flat_map(|(_, table)| cases(table)).collect();
    assert!(all.len() >= 120, "{}", all.len());
    let mut labels = HashSet::new();
    for case in &all {
        assert!(labels.insert(case.label), "twice: {}", case.label);
    }
}
