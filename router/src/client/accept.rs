//! Accepts connections on one listening socket.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Admission, Peer, connection, http2, proxy_header};
use crate::{listen::Protocol, proxy, shared::Shared};

/// Pause after an accept that failed for want of something (descriptors, memory) that others may give back.
const BREATH: Duration = Duration::from_millis(50);

/// Serves what arrives on `listener` until `stop`. The socket itself stays open elsewhere, so that what arrives
/// later waits for the next router.
pub(crate) async fn accept(
    shared: Arc<Shared>,
    listener: TcpListener,
    protocol: Protocol,
    admission: Arc<Admission>,
    connections: TaskTracker,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let next = async {
            let seat = admission.seat().await?;
            anyhow::Ok((listener.accept().await, seat))
        };
        let Some(next) = stop.run_until_cancelled(next).await else { return Ok(()) };
        let (accepted, seat) = next?;
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                after_failure(&error).await;
                continue;
            }
        };
        let peer = peer(&shared, address, protocol);
        let Some(ticket) = admission.admit(seat, &peer) else {
            tracing::debug!(client = %peer.address, "too many connections from one address");
            continue;
        };
        let (shared, admission) = (shared.clone(), admission.clone());
        connections.spawn(async move {
            serve(shared, stream, peer, admission).await;
            drop(ticket);
        });
    }
}

fn peer(shared: &Shared, address: SocketAddr, protocol: Protocol) -> Peer {
    let trusted = proxy::is_trusted(address.ip(), &shared.trusted);
    Peer::new(address, protocol, trusted)
}

async fn serve(shared: Arc<Shared>, mut stream: TcpStream, mut peer: Peer, admission: Arc<Admission>) {
    // Without it, the kernel would hold the last piece of an answer back. Fails only when the client has gone.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    if shared.settings.proxy_protocol && peer.trusted {
        match timeout(shared.timeouts.request_head, proxy_header::read(&mut stream)).await {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(client))) => {
                peer = peer.on_behalf_of(client, proxy::is_trusted(client.ip(), &shared.trusted));
            }
            Ok(Err(error)) => return tracing::debug!(%error, proxy = %peer.address, "no header of the PROXY protocol"),
            Err(_) => return tracing::debug!(proxy = %peer.address, "a header of the PROXY protocol took too long"),
        }
    }
    match peer.protocol {
        Protocol::Http => connection::serve(shared, stream, peer).await,
        Protocol::Https => match timeout(shared.timeouts.request_head, shared.tls.handshake(stream)).await {
            Ok(Ok(secured)) => {
                peer.server_name = secured.server_name;
                if secured.http2 {
                    http2::serve(shared, secured.stream, peer, admission).await;
                } else {
                    connection::serve(shared, secured.stream, peer).await;
                }
            }
            Ok(Err(error)) => tracing::debug!(%error, client = %peer.address, "a TLS handshake failed"),
            Err(_) => tracing::debug!(client = %peer.address, "a TLS handshake took too long"),
        },
    }
}

async fn after_failure(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    // The client gave up before it was accepted.
    if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        return;
    }
    tracing::warn!(%error, "cannot accept a connection; raise the limit of open files if there are too many");
    tokio::time::sleep(BREATH).await;
}
