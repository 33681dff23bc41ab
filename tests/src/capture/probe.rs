//! Listeners that tell what reaches them, and calls.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use socket2::{Domain, Socket, Type};

use super::network::Network;
use super::sets::{Caller, Flow};

/// Makes a flow that is lost fail; nothing is expected to reach it.
const PATIENCE: Duration = Duration::from_secs(10);
/// The ports on which both sides listen, for TCP and for UDP.
const PORTS: [u16; 12] = [22, 53, 80, 443, 3306, 8080, 8081, 15008, 15020, 15021, 15090, 16020];

/// What reached a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Where it arrived, as `mesh capture` names it.
    pub place: &'static str,
    /// Where it was sent to, by the socket; `None` where that does not tell.
    pub destination: Option<SocketAddr>,
}

/// The listeners. They end with the process.
#[derive(Debug)]
pub struct Probes {
    arrivals: Receiver<(u32, Arrival)>,
    early: HashMap<u32, Arrival>,
    last: u32,
}

impl Probes {
    /// Listens in both namespaces.
    pub fn listen(network: &Network) -> Self {
        let (sender, arrivals) = channel();
        network.outside.within(|| {
            for port in PORTS {
                serve(port, "destination", &sender);
            }
        });
        network.pod.within(|| {
            for port in PORTS {
                serve(port, "destination", &sender);
            }
            serve(15001, "envoy_outbound", &sender);
            serve(15006, "envoy_inbound", &sender);
            serve(15053, "agent", &sender);
        });
        Self { arrivals, early: HashMap::new(), last: 0 }
    }

    /// Calls, and says where the call arrived.
    pub fn call(&mut self, network: &Network, flow: &Flow) -> Arrival {
        self.last += 1;
        let id = self.last;
        // A port of its own for each call: the kernel remembers where others went.
        let port = u16::try_from(20_000 + id).unwrap();
        match flow.caller {
            Caller::Outside => network.outside.within(|| send(flow, port, id)),
            Caller::Pod { user, group } => network.pod.within(|| {
                let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(group));
                set_thread_groups(&[]).unwrap();
                set_thread_res_gid(gid, gid, gid).unwrap();
                set_thread_res_uid(uid, uid, uid).unwrap();
                send(flow, port, id);
            }),
        }
        loop {
            if let Some(arrival) = self.early.remove(&id) {
                return arrival;
            }
            let (of, arrival) = self
                .arrivals
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("{flow:?} arrived nowhere"));
            self.early.insert(of, arrival);
        }
    }
}

/// Sends a number to the flow's destination.
fn send(flow: &Flow, port: u16, id: u32) {
    let kind = if flow.udp { Type::DGRAM } else { Type::STREAM };
    let mut socket = Socket::new(Domain::IPV4, kind, None).unwrap();
    let own = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
    socket.bind(&SocketAddr::from(own).into()).unwrap();
    socket
        .connect_timeout(&flow.destination.into(), PATIENCE)
        .unwrap_or_else(|error| panic!("{flow:?}: {error}"));
    socket.write_all(&id.to_be_bytes()).unwrap();
}

/// Listens on a port of all addresses, for TCP and UDP.
fn serve(port: u16, place: &'static str, sender: &Sender<(u32, Arrival)>) {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    // As Envoy's listeners are: the kernel gives `TPROXY` no others.
    socket.set_ip_transparent_v4(true).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(128).unwrap();
    let (listener, arrivals) = (TcpListener::from(socket), sender.clone());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut id = [0; 4];
            // Whoever says nothing is no call.
            if stream.read_exact(&mut id).is_err() {
                continue;
            }
            let redirected = rustix::net::sockopt::ip_original_dst(&stream).ok();
            let destination = redirected.map(SocketAddr::from).or(stream.local_addr().ok());
            let arrival = Arrival { place, destination };
            if arrivals.send((u32::from_be_bytes(id), arrival)).is_err() {
                return;
            }
        }
    });
    let (socket, arrivals) = (UdpSocket::bind(any).unwrap(), sender.clone());
    thread::spawn(move || {
        let mut id = [0; 4];
        while socket.recv(&mut id).is_ok_and(|length| length == 4) {
            let arrival = Arrival { place, destination: None };
            if arrivals.send((u32::from_be_bytes(id), arrival)).is_err() {
                return;
            }
        }
    });
}
