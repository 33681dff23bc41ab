//! Network namespaces and Istio's rules in them.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{CLIENT, OUTSIDE, SERVER};

/// The group that the Envoys run as: the rules let its packets through.
///
/// Istio's proxies have this user, too. Here it stays root, since the interpreter that starts Envoy
/// may lie where other users cannot read it.
pub const PROXY_GROUP: u32 = 1337;

/// What Istio's init container lays over a pod, by `tools/istio-iptables/pkg/capture/run.go`, with
/// the rules for the proxy's group and without the equal ones for its user.
const RULES: &str = "\
*nat
:ISTIO_REDIRECT - [0:0]
:ISTIO_IN_REDIRECT - [0:0]
:ISTIO_INBOUND - [0:0]
:ISTIO_OUTPUT - [0:0]
-A PREROUTING -p tcp -j ISTIO_INBOUND
-A OUTPUT -p tcp -j ISTIO_OUTPUT
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
-A ISTIO_INBOUND -p tcp --dport 15008 -j RETURN
-A ISTIO_INBOUND -p tcp --dport 15090 -j RETURN
-A ISTIO_INBOUND -p tcp --dport 15021 -j RETURN
-A ISTIO_INBOUND -p tcp --dport 15020 -j RETURN
-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp ! --dport 15008 -m owner --gid-owner 1337 -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -o lo -m owner ! --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -j ISTIO_REDIRECT
COMMIT
";

/// A network namespace. It lives as long as its handle, or longer in the processes it holds.
#[derive(Debug)]
pub struct Namespace(File);

/// The three namespaces, connected.
#[derive(Debug)]
pub struct Network {
    /// The pod at [`CLIENT`].
    pub client: Namespace,
    /// The pod at [`SERVER`].
    pub server: Namespace,
    /// The host at [`OUTSIDE`].
    pub outside: Namespace,
}

impl Namespace {
    /// Makes a namespace with nothing but a loopback interface.
    ///
    /// # Panics
    ///
    /// Where the machine forbids it, or `unshare` and `ip` are missing.
    pub fn create() -> Self {
        let namespace = Self(unshared());
        namespace.ip("link set lo up");
        namespace
    }

    /// Runs `work` inside, in a thread of its own: sockets that it opens and processes that it starts
    /// belong to the namespace, whoever uses them later.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let enter = || {
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(self.0.as_fd(), network).expect("enters the namespace");
            work()
        };
        let result = thread::scope(|scope| scope.spawn(enter).join());
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    pub(crate) fn ip(&self, arguments: &str) {
        let mut command = Command::new("ip");
        command.args(arguments.split(' '));
        self.within(|| run(command, ""));
    }

    /// Joins an interface of this namespace with one of another; each is `eth0`, `eth1`, ...
    pub(crate) fn join(&self, own: &str, other: &Self, others: &str) {
        let path = |namespace: &Self| {
            format!("/proc/{}/fd/{}", std::process::id(), namespace.descriptor())
        };
        let there = path(other);
        self.ip(&format!("link add {own} type veth peer name {others} netns {there}"));
        self.ip(&format!("link set {own} up"));
        other.ip(&format!("link set {others} up"));
    }

    fn descriptor(&self) -> i32 {
        use std::os::fd::AsRawFd;
        self.0.as_raw_fd()
    }

    fn capture(&self) {
        self.within(|| run(Command::new("iptables-restore"), RULES));
    }
}

impl Network {
    /// Makes the namespaces, their interfaces and routes, and lays the rules over the pods.
    pub fn create() -> Self {
        let [client, server, outside] = [(); 3].map(|()| Namespace::create());
        client.join("eth0", &server, "eth0");
        client.join("eth1", &outside, "eth0");
        client.ip(&format!("address add {CLIENT}/16 dev eth0"));
        server.ip(&format!("address add {SERVER}/16 dev eth0"));
        outside.ip(&format!("address add {OUTSIDE}/24 dev eth0"));
        outside.ip("route add 10.244.0.0/16 dev eth0");
        // A pod has one address, so that is the source wherever a call goes.
        client.ip(&format!("route add 203.0.113.0/24 dev eth1 src {CLIENT}"));
        // Addresses of services are never on the wire: the proxy goes to an endpoint.
        client.ip(&format!("route add 10.96.0.0/16 dev eth0 src {CLIENT}"));
        client.capture();
        server.capture();
        Self { client, server, outside }
    }
}

/// A new network namespace, made by a process that ends at once: the open file holds it.
fn unshared() -> File {
    let mut holder = Command::new("unshare")
        .args(["--net", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs `unshare`");
    let mut input = holder.stdin.take().expect("a pipe");
    let mut output = holder.stdout.take().expect("a pipe");
    // Once it answers, it is inside.
    let answered = input.write_all(b"?").and_then(|()| output.read_exact(&mut [0]));
    let namespace = File::open(format!("/proc/{}/ns/net", holder.id()));
    drop(input);
    let status = holder.wait().expect("`cat` ends with its input");
    assert!(
        answered.is_ok() && status.success(),
        "this machine forbids network namespaces (they need root): set SKIP_NETNS=1 to do without"
    );
    namespace.expect("opens the namespace")
}

/// Runs a command and gives what it prints.
pub(crate) fn run(mut command: Command, input: &str) -> String {
    let name = format!("{command:?}");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|e| panic!("{name}: {e}; run `make netns-tools`"));
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("takes its input");
    let output = child.wait_with_output().expect("ends");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
