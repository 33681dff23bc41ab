//! What a module that traps behind the response costs in the real Envoy, by failure policy. The
//! EnvoyFilter of `filter manifest` takes the one policy that costs no request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use serde_json::{Value, json};
use tests::envoy::Envoy;

/// How many requests there are, one after the other.
const REQUESTS: usize = 5;

#[test]
fn a_trap_in_on_log_by_policy() {
    let cases = [
        ("fail_open", json!(true), [200; REQUESTS]),
        // Only the enum's FAIL_OPEN with a trap before the response differs from the above.
        ("failure_policy", json!("FAIL_OPEN"), [200; REQUESTS]),
        ("failure_policy", json!("FAIL_CLOSED"), [200, 503, 503, 503, 503]),
        // Loaded anew after a second at the earliest; until then it fails closed.
        ("failure_policy", json!("FAIL_RELOAD"), [200, 503, 503, 503, 503]),
    ];
    for (key, policy, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("trap.wasm"), module()).unwrap();
        let envoy = Envoy::start(&config(dir.path(), key, &policy), dir.path());
        let address = envoy.ports()["in"];
        let mut codes = [0; REQUESTS];
        codes.fill_with(|| code_of_a_request(address));
        println!("{key}: {policy}: {codes:?}");
        // Where the first trap is more than a second after loading, it is loaded anew at once.
        let start = if policy == "FAIL_RELOAD" { 2 } else { 0 };
        assert_eq!(codes.get(start..), expected.get(start..), "{key}: {policy}");
        envoy.stop();
    }
}

fn config(dir: &Path, key: &str, policy: &Value) -> Value {
    let typed = |kind: &str, mut config: Value| {
        config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.{kind}").into();
        config
    };
    let code = json!({"local": {"filename": dir.join("trap.wasm")}});
    let vm = json!({"vm_id": "trap", "runtime": "envoy.wasm.runtime.v8", "code": code});
    let wasm = json!({"config": {"name": "trap", key: policy, "vm_config": vm}});
    let route = json!({"match": {"prefix": "/"}, "direct_response": {"status": 200}});
    let manager = json!({
        "stat_prefix": "in",
        // Else each request takes a second, the time in which a module is loaded anew.
        "delayed_close_timeout": "0s",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "trap", "typed_config": typed("http.wasm.v3.Wasm", wasm)},
            {"name": "router", "typed_config": typed("http.router.v3.Router", json!({}))},
        ],
    });
    let kind = "network.http_connection_manager.v3.HttpConnectionManager";
    let any_port = json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}});
    json!({
        "admin": {"address": any_port},
        "static_resources": {"listeners": [{
            "name": "in",
            "address": any_port,
            "filter_chains": [{"filters": [
                {"name": "manager", "typed_config": typed(kind, manager)},
            ]}],
        }]},
    })
}

fn code_of_a_request(address: SocketAddr) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a response")
}

/// A proxy-wasm module that does nothing, and traps in `proxy_on_log`.
fn module() -> Vec<u8> {
    // A type, by how many numbers a function takes and gives.
    let types = [(0, 0), (1, 1), (2, 0), (2, 1), (1, 0)];
    let function_type = |(takes, gives)| {
        [vec![0x60], vector(&vec![vec![0x7f]; takes]), vector(&vec![vec![0x7f]; gives])].concat()
    };
    // Functions: name, type, instructions.
    let functions: [(&str, u8, &[u8]); 6] = [
        ("proxy_abi_version_0_2_1", 0, &[]),
        ("malloc", 1, &[0x41, 0x80, 0x20]),
        ("proxy_on_context_create", 2, &[]),
        ("proxy_on_vm_start", 3, &[0x41, 1]),
        ("proxy_on_configure", 3, &[0x41, 1]),
        // unreachable
        ("proxy_on_log", 4, &[0x00]),
    ];
    let export = |name: &str, kind: u8, index: u8| {
        [&[length(name.len())], name.as_bytes(), &[kind, index]].concat()
    };
    let mut exports: Vec<Vec<u8>> =
        (0..).zip(&functions).map(|(index, function)| export(function.0, 0, index)).collect();
    exports.push(export("memory", 2, 0));
    let body =
        |(_, _, code): &(&str, u8, &[u8])| [&[length(code.len() + 2), 0], *code, &[0x0b]].concat();
    let indices: Vec<Vec<u8>> = functions.iter().map(|function| vec![function.1]).collect();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &types.map(function_type)),
        section(3, &indices),
        section(5, &[vec![0, 2]]),
        section(7, &exports),
        section(10, &functions.each_ref().map(body)),
    ]
    .concat()
}

fn section(id: u8, items: &[Vec<u8>]) -> Vec<u8> {
    let content = vector(items);
    let length = content.len();
    // Seven bits a byte, the lowest first.
    let size = [u8::try_from(length & 0x7f).unwrap() | 0x80, u8::try_from(length >> 7).unwrap()];
    [&[id], &size[..], &content].concat()
}

fn vector(items: &[Vec<u8>]) -> Vec<u8> {
    [vec![length(items.len())], items.concat()].concat()
}

/// A length that fits into one byte.
fn length(length: usize) -> u8 {
    u8::try_from(length).unwrap()
}
