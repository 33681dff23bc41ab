//! The listener and its connections: TLS, then HTTP/1.1 or HTTP/2 as the client likes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::shared::Shared;
use super::{kubelet, route};
use crate::certs::Identity;

/// Streams on one HTTP/2 connection, as kube-apiserver allows.
const STREAMS: u32 = 100;

/// Whom a listener stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// kube-apiserver.
    ApiServer,
    /// The kubelet, whom kube-apiserver asks for logs.
    Kubelet,
}

/// The TLS of the server.
pub(crate) fn tls(identity: &Identity) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain(), identity.private_key())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Listens on this address and serves until `down` tells, which also ends all connections.
pub(crate) async fn listen(
    address: SocketAddr,
    tls: Arc<ServerConfig>,
    shared: Arc<Shared>,
    role: Role,
    mut down: watch::Receiver<()>,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let listening = tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(tls);
        let connections = down.clone();
        loop {
            tokio::select! {
                _ = down.changed() => break,
                accepted = listener.accept() => {
                    // Out of file descriptors, say: the next one may do.
                    let Ok((stream, _)) = accepted else { continue };
                    let (acceptor, shared) = (acceptor.clone(), shared.clone());
                    let mut down = connections.clone();
                    tokio::spawn(async move {
                        tokio::select! {
                            _ = down.changed() => {}
                            () = serve(stream, acceptor, shared, role) => {}
                        }
                    });
                }
            }
        }
    });
    (address, listening)
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>, role: Role) {
    // Small writes, such as a line of a log, must not wait for an acknowledgement.
    let _it_is_only_slower = stream.set_nodelay(true);
    // A client that does not trust the certificate, or goes away: not the server's problem.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| {
        let shared = shared.clone();
        // In a task of its own, so that a panic is the answer of one request only.
        let answered = tokio::spawn({
            let shared = shared.clone();
            async move {
                match role {
                    Role::ApiServer => route::answer(&shared, request).await,
                    Role::Kubelet => kubelet::answer(&shared, &request),
                }
            }
        });
        async move {
            Ok::<_, Infallible>(
                answered.await.unwrap_or_else(|error| route::broken(&shared, &error)),
            )
        }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().max_concurrent_streams(STREAMS);
    let _client_has_gone = server.serve_connection(TokioIo::new(stream), service).await;
}
