//! Playing scenarios, and collecting what the sidecars logged.

use std::fs;
use std::path::{Path, PathBuf};

use accesslog::{FormatOptions, Preset, Reader};
use serde_json::Value;
use sidecar::{PodAddress, classify};

use super::app::{self, App};
use super::config::{self, Policy};
use super::network::{Namespace, Network, PROXY_GROUP};
use super::scenario::{Line, Scenario};
use super::{CLIENT, OUTSIDE, Pod, SERVER};
use crate::certs::Certs;
use crate::envoy::Envoy;

/// The ports that the workloads and the host outside listen on.
const CLIENT_PORTS: &[u16] = &[9080];
const SERVER_PORTS: &[u16] = &[3306, 3307, 7070, 7071, 7072, 8080, 9080, 9081, 9082];
const OUTSIDE_PORTS: &[u16] = &[443, 5432, 8080, 8081, 8443, 9080];

/// A log line, what was made of it, and what is to be made of it.
#[derive(Debug)]
pub struct Observed {
    /// The scenario.
    pub scenario: &'static str,
    /// Whose log it is from.
    pub pod: Pod,
    /// The log's format.
    pub format: &'static Preset,
    /// The line.
    pub line: String,
    /// The traffic and what it is to be, with the pod's address and without.
    pub traffic: [(Value, Value); 2],
}

/// An Envoy beside a workload.
struct Sidecar<'n> {
    pod: Pod,
    namespace: &'n Namespace,
    dir: PathBuf,
    envoy: Envoy,
    /// What it is to have logged so far.
    lines: Vec<(&'static str, Line)>,
}

impl<'n> Sidecar<'n> {
    fn start(
        pod: Pod,
        namespace: &'n Namespace,
        policy: Policy,
        certs: &Certs,
        dir: &Path,
    ) -> Self {
        let dir = dir.join(pod.name());
        fs::create_dir(&dir).unwrap();
        let config = config::sidecar(pod, policy, certs, &dir);
        let envoy = namespace.within(|| Envoy::start_in_group(PROXY_GROUP, &config, &dir));
        Self { pod, namespace, dir, envoy, lines: Vec::new() }
    }

    /// Waits until a scenario's lines are in every log.
    fn expect(&mut self, scenario: &'static str, lines: &[Line]) {
        self.lines.extend(lines.iter().map(|line| (scenario, line.clone())));
        for format in config::formats() {
            let file = config::log_file(&self.dir, format);
            self.envoy.wait_for_lines(&file, self.lines.len(), scenario);
        }
    }

    fn stop(self) -> Vec<Observed> {
        self.namespace.within(|| self.envoy.stop());
        let observe = |format| observe(format, self.pod, &self.dir, &self.lines);
        config::formats().flat_map(observe).collect()
    }
}

/// Plays scenarios, all of one policy; files go into `dir`.
pub fn play(scenarios: &[Scenario], dir: &Path) -> Vec<Observed> {
    let policy = scenarios.first().expect("a scenario").policy;
    let certs = Certs::create(dir);
    let network = Network::create();
    let _apps = [
        App::serve(&network.client, CLIENT, CLIENT_PORTS),
        App::serve(&network.server, SERVER, SERVER_PORTS),
        App::serve(&network.outside, OUTSIDE, OUTSIDE_PORTS),
    ];
    let mut client = Sidecar::start(Pod::Client, &network.client, policy, &certs, dir);
    // What the server's workload calls is of no interest, so neither is its policy.
    let mut server = Sidecar::start(Pod::Server, &network.server, Policy::AllowAny, &certs, dir);
    for scenario in scenarios {
        app::call(&network.client, scenario.to.parse().unwrap(), scenario.words);
        client.expect(scenario.name, &scenario.client);
        server.expect(scenario.name, &scenario.server);
    }
    let mut observed = client.stop();
    observed.extend(server.stop());
    observed
}

/// Reads one log and classifies its lines.
fn observe(
    format: &'static Preset,
    pod: Pod,
    dir: &Path,
    expected: &[(&'static str, Line)],
) -> Vec<Observed> {
    let log = fs::read_to_string(config::log_file(dir, format)).unwrap();
    assert_eq!(log.lines().count(), expected.len(), "{} of {pod:?}:\n{log}", format.name());
    let mut reader = Reader::new(format.compile(&FormatOptions::new()).unwrap().into());
    let mut one = |line: &str, expected: &Line| {
        let record = reader.read(line.as_bytes()).unwrap_or_else(|e| panic!("{e:?}: {line}"));
        [Some(PodAddress::from(pod.address())), None].map(|address| {
            let found = serde_json::to_value(classify(&record, address)).unwrap();
            (found, expected.expected(format, address.is_some()))
        })
    };
    let lines = log.lines().zip(expected);
    lines
        .map(|(line, (scenario, expected))| Observed {
            scenario,
            pod,
            format,
            traffic: one(line, expected),
            line: line.to_owned(),
        })
        .collect()
}
