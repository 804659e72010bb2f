//! One client's connection: HTTP/1.1 until it ends or turns into something else.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Peer, Tunnel, io::ClientIo, linger::linger};
use crate::{proxy, shared::Shared, watch::Watch};

/// Largest head of a request, and largest piece of a body held in memory.
const BUFFER: usize = 64 * 1024;

/// A connection as its requests see it.
pub(crate) struct Client {
    pub shared: Arc<Shared>,
    pub peer: Peer,
    watch: Arc<Watch>,
    /// Where the connection leads once the answer 101 is out.
    tunnel: Mutex<Option<Tunnel>>,
}

impl Client {
    /// A request has come: its answer is now waited for, not the client.
    pub fn begin(&self) {
        self.watch.disarm();
    }

    /// The answer has been given: the next request is waited for.
    pub fn end(&self) {
        self.watch.arm_idle(self.shared.timeouts.keep_alive);
    }

    pub fn open_tunnel(&self, tunnel: Tunnel) {
        *self.tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some(tunnel);
    }

    fn take_tunnel(&self) -> Option<Tunnel> {
        self.tunnel.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Serves one connection to its end.
pub(super) async fn serve<S>(shared: Arc<Shared>, socket: S, peer: Peer)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let watch = shared.watches.watch();
    let io = ClientIo::new(socket, watch.clone(), shared.timeouts);
    let client = Arc::new(Client { shared, peer, watch, tunnel: Mutex::default() });
    let service = {
        let client = client.clone();
        service_fn(move |request| proxy::handle(client.clone(), request))
    };
    let mut http = server().serve_connection(TokioIo::new(io), service);
    if let Err(error) = (&mut http).await {
        tracing::debug!(%error, client = %client.peer.address, "a client's connection broke");
    }
    let parts = http.into_parts();
    let io = parts.io.into_inner();
    if let Some(tunnel) = client.take_tunnel() {
        if let Some(socket) = io.into_socket() {
            tunnel.run(socket, parts.read_buf, &client.watch, client.shared.timeouts.tunnel).await;
        }
    } else if let Some(socket) = io.into_unread() {
        linger(socket).await;
    }
}

/// The timers are ours ([`crate::watch`]).
fn server() -> http1::Builder {
    let mut server = http1::Builder::new();
    server.max_buf_size(BUFFER).max_header_size(BUFFER).header_read_timeout(None);
    server
}
