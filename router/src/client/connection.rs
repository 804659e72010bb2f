//! Who asks, as a request sees it; and a connection of HTTP/1.1, until it ends or turns into something else.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Peer, Tunnel, io::ClientIo, linger::linger, stream::Stream};
use crate::{proxy, shared::Shared, watch::Watch};

/// Largest head of a request, and largest piece of a body held in memory.
pub(super) const BUFFER: usize = 64 * 1024;

/// A client, as its request sees it.
pub(crate) struct Client {
    pub shared: Arc<Shared>,
    pub peer: Peer,
    way: Way,
}

/// What the client asks over.
enum Way {
    /// A connection of HTTP/1.1: one request after the other.
    Connection {
        watch: Arc<Watch>,
        /// Where the connection leads once the answer 101 is out.
        tunnel: Mutex<Option<Tunnel>>,
    },
    /// One of the streams of a connection of HTTP/2.
    Stream(Stream),
}

impl Client {
    /// Who asks over a connection of HTTP/1.1.
    fn of_connection(shared: Arc<Shared>, peer: Peer, watch: Arc<Watch>) -> Arc<Self> {
        Arc::new(Self { shared, peer, way: Way::Connection { watch, tunnel: Mutex::default() } })
    }

    /// Who asks over a stream of HTTP/2.
    pub(super) fn of_stream(shared: Arc<Shared>, peer: Peer, stream: Stream) -> Arc<Self> {
        Arc::new(Self { shared, peer, way: Way::Stream(stream) })
    }

    /// The stream, if it is one.
    pub fn stream(&self) -> Option<&Stream> {
        match &self.way {
            Way::Connection { .. } => None,
            Way::Stream(stream) => Some(stream),
        }
    }

    /// A request has come: its answer is now waited for, not the client.
    pub fn begin(&self) {
        if let Way::Connection { watch, .. } = &self.way {
            watch.disarm();
        }
    }

    /// The answer has been given, as far as the client took it: the next request is waited for.
    pub fn end(&self, complete: bool) {
        match &self.way {
            Way::Connection { watch, .. } => watch.arm_idle(self.shared.timeouts.keep_alive),
            Way::Stream(stream) => stream.end(complete),
        }
    }

    /// Leads the connection elsewhere after an answer 101, which streams do not know.
    pub fn open_tunnel(&self, opened: Tunnel) {
        if let Way::Connection { tunnel, .. } = &self.way {
            *tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        }
    }

    fn take_tunnel(&self) -> Option<Tunnel> {
        match &self.way {
            Way::Connection { tunnel, .. } => tunnel.lock().unwrap_or_else(PoisonError::into_inner).take(),
            Way::Stream(_) => None,
        }
    }
}

/// Serves one connection to its end.
pub(super) async fn serve<S>(shared: Arc<Shared>, socket: S, peer: Peer)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let watch = shared.watches.watch();
    let io = ClientIo::new(socket, watch.clone(), shared.timeouts);
    let client = Client::of_connection(shared, peer, watch.clone());
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
            tunnel.run(socket, parts.read_buf, &watch).await;
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
