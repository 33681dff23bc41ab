//! A mesh of many services, and the access log of the workloads that call them.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::rng::Rng;

/// How large a mesh is made.
#[derive(Debug, Clone, Copy)]
pub struct Mesh {
    /// How many services there are.
    pub services: usize,
    /// How many workloads, of one pod each.
    pub workloads: usize,
    /// The seed of what is left to chance.
    pub seed: u64,
}

/// How many services and workloads a namespace has.
const PER_NAMESPACE: usize = 50;
/// How many services a workload calls.
const CALLED: u64 = 12;

/// Writes the objects of a mesh as one `List` in JSON.
///
/// # Errors
///
/// When writing fails.
pub fn write_objects(mesh: Mesh, out: &mut impl Write) -> io::Result<()> {
    let namespaces = mesh.services.max(mesh.workloads).div_ceil(PER_NAMESPACE);
    let objects = (0..namespaces)
        .map(namespace)
        .chain((0..mesh.services).map(service))
        .chain((0..mesh.workloads).map(pod));
    out.write_all(b"{\"apiVersion\":\"v1\",\"items\":[")?;
    for (number, object) in objects.enumerate() {
        out.write_all(if number > 0 { b",\n" } else { b"\n" })?;
        write!(out, "{object}")?;
    }
    out.write_all(b"],\"kind\":\"List\"}\n")
}

/// Writes the lines of `records` calls, with kubectl's prefix.
///
/// # Errors
///
/// When writing fails.
pub fn write_log(mesh: Mesh, records: usize, out: &mut impl Write) -> io::Result<()> {
    let mut rng = Rng::new(mesh.seed);
    for number in 0..records {
        let caller = below(&mut rng, mesh.workloads);
        // The services that a workload calls are its own choice, and few.
        let mut choice = Rng::new(mesh.seed ^ (caller as u64) << 20 ^ rng.below(CALLED));
        let called = below(&mut choice, mesh.services);
        let (source, target) = (pod_ip(caller), cluster_ip(called));
        let (seconds, milliseconds) = (number / 1000 % 60, number % 1000);
        let (hour, minute) = (number / 3_600_000 % 24, number / 60_000 % 60);
        let namespace = called / PER_NAMESPACE;
        let (id, port) = (rng.next(), 20_000 + rng.below(40_000));
        writeln!(
            out,
            "[pod/workload-{caller}-v1-0/istio-proxy] [2026-11-20T{hour:02}:{minute:02}:{seconds:02}.\
             {milliseconds:03}Z] \"GET /items/{} HTTP/1.1\" 200 - via_upstream - \"-\" 0 437 14 13 \
             \"-\" \"client/1.0\" \"{id:016x}\" \"service-{called}:80\" \"10.200.{}.{}:8080\" \
             outbound|80||service-{called}.team-{namespace}.svc.cluster.local {source}:{port} \
             {target}:80 {source}:{} - default",
            id % 10_000,
            called / 250,
            1 + called % 250,
            port + 1,
        )?;
    }
    Ok(())
}

fn below(rng: &mut Rng, limit: usize) -> usize {
    usize::try_from(rng.below(limit as u64)).unwrap_or_default()
}

fn pod_ip(number: usize) -> String {
    format!("10.128.{}.{}", number / 250, 1 + number % 250)
}

fn cluster_ip(number: usize) -> String {
    format!("10.96.{}.{}", number / 250, 1 + number % 250)
}

fn namespace(number: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": format!("team-{number}"), "labels": {"istio-injection": "enabled"}},
    })
}

fn service(number: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": format!("service-{number}"),
            "namespace": format!("team-{}", number / PER_NAMESPACE),
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {
            "clusterIP": cluster_ip(number),
            "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
            "selector": {"app": format!("service-{number}")},
        },
    })
}

fn pod(number: usize) -> Value {
    let name = format!("workload-{number}-v1");
    let ip = pod_ip(number);
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{name}-0"),
            "namespace": format!("team-{}", number / PER_NAMESPACE),
            "labels": {"app": name},
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "controller": true,
                "uid": "2f6d3c1e-0a2b-4c4d-8e5f-6a7b8c9d0e1f",
            }],
        },
        "spec": {"containers": [
            {"name": "app", "image": "app"},
            {"name": "istio-proxy", "image": "proxyv2", "args": ["proxy", "sidecar"]},
        ]},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_and_its_log() {
        let mesh = Mesh { services: 120, workloads: 60, seed: 1 };
        let mut objects = Vec::new();
        write_objects(mesh, &mut objects).unwrap();
        let list: Value = serde_json::from_slice(&objects).unwrap();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(3 + 120 + 60));
        let mut log = Vec::new();
        write_log(mesh, 500, &mut log).unwrap();
        let preset = accesslog::Preset::from_name("istio").unwrap();
        let mut reader =
            accesslog::Reader::new(preset.compile(&Default::default()).unwrap().into());
        for line in log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let at = line.iter().position(|byte| *byte == b']').unwrap();
            assert!(reader.read(&line[at + 2..]).is_ok_and(|record| record.ambiguity().is_none()));
        }
    }
}
