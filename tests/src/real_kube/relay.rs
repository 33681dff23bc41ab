//! A relay in front of a server, whose connections can be cut.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A relay. It ends with the test process.
#[derive(Debug)]
pub(super) struct Relay {
    address: SocketAddr,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    /// Passes on what comes to the server at this address.
    pub(super) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(Mutex::new(Vec::new()));
        let relay = Self { address, open: Arc::clone(&open) };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // Where nothing listens, the client's connection is dropped.
                let Ok(server) = TcpStream::connect(server) else { continue };
                let mut open = open.lock().unwrap();
                for (from, to) in [(&client, &server), (&server, &client)] {
                    open.push(from.try_clone().unwrap());
                    let _it_is_only_slower = from.set_nodelay(true);
                    pass(from.try_clone().unwrap(), to.try_clone().unwrap());
                }
            }
        });
        relay
    }

    /// Where clients connect to.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts all connections.
    pub(super) fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _it_has_ended_already = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Passes bytes on in a thread of its own, and then the end.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
        let _ = from.shutdown(Shutdown::Read);
    });
}
