//! A pod with two interfaces, and all else behind them.

use std::process::Command;

use crate::sidecar_pair::network::{Namespace, run};

/// The pod's address.
pub const POD: &str = "10.244.1.5";
/// The pod's address on its second interface, `net1`, which Kubernetes does not know of.
pub const SECOND: &str = "10.99.0.5";
/// Addresses outside of the pod.
pub const OUTSIDE: [&str; 4] = ["10.1.2.3", "10.96.0.10", "203.0.113.9", "10.99.0.1"];

/// The two namespaces.
#[derive(Debug)]
pub struct Network {
    /// The pod's.
    pub pod: Namespace,
    /// That of everything else.
    pub outside: Namespace,
}

impl Network {
    /// Makes the namespaces, their interfaces and routes.
    pub fn create() -> Self {
        let [pod, outside] = [(); 2].map(|()| Namespace::create());
        pod.join("eth0", &outside, "eth0");
        pod.join("net1", &outside, "net1");
        pod.ip(&format!("address add {POD}/16 dev eth0"));
        pod.ip(&format!("address add {SECOND}/24 dev net1"));
        outside.ip("address add 10.244.0.1/16 dev eth0");
        for address in OUTSIDE {
            let (length, interface) =
                if address.starts_with("10.99.") { (24, "net1") } else { (32, "eth0") };
            outside.ip(&format!("address add {address}/{length} dev {interface}"));
        }
        pod.ip("route add default via 10.244.0.1");
        // What Istio sets beside rules for `TPROXY`; without marks it does nothing.
        pod.ip("rule add fwmark 1337 lookup 133");
        pod.ip("route add local default dev lo table 133");
        Self { pod, outside }
    }

    /// Lays rules over the pod in place of those before; `command` is `iptables` or `ip6tables`.
    pub fn capture(&self, command: &str, rules: &str) {
        self.pod.within(|| {
            for table in ["mangle", "nat", "raw"] {
                for action in ["-F", "-X"] {
                    let mut emptying = Command::new(command);
                    emptying.args(["-t", table, action]);
                    run(emptying, "");
                }
            }
            run(Command::new(format!("{command}-restore")), rules);
        });
    }

    /// The rules that the kernel has, each line a rule of one table.
    pub fn saved(&self, command: &str, table: &str) -> Vec<String> {
        let mut saving = Command::new(format!("{command}-save"));
        saving.args(["-t", table]);
        let text = self.pod.within(|| run(saving, ""));
        let rules = text.lines().filter(|line| line.starts_with("-A "));
        // It is what is meant where nothing is said.
        rules.map(|rule| rule.replace(" --on-ip 0.0.0.0", "").replace(" --on-ip ::", "")).collect()
    }
}
