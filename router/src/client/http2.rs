//! A connection of HTTP/2 (RFC 9113): many requests at once, each answered as one of HTTP/1.1 would be.
//!
//! What is refused on the wire of HTTP/1.1 ([`crate::wire`]) cannot be said here: lengths are those of frames, and the
//! h2 crate refuses headers that belong to a connection, upper case, line ends in values, and a body that is not as
//! long as announced.

use std::{convert::Infallible, future::poll_fn, pin::pin, sync::Arc};

use http::{HeaderMap, HeaderValue, Request, header};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Admission, Client, Peer,
    connection::BUFFER,
    stream::{Streams, Timed},
};
use crate::{proxy, respond::Refusal, shared::Shared, watch::Watch};

/// The name of the protocol in a TLS handshake.
pub(crate) const ALPN: &[u8] = b"h2";
/// Most requests under way on one connection: what RFC 9113 asks for at least, and nginx's default.
const MOST_STREAMS: u32 = 128;
/// How much of a request's body is taken before the instance takes it.
const STREAM_WINDOW: u32 = 256 * 1024;
/// The same for all requests of a connection.
const CONNECTION_WINDOW: u32 = 512 * 1024;

/// Serves one connection to its end.
pub(super) async fn serve<S>(shared: Arc<Shared>, socket: S, peer: Peer, admission: Arc<Admission>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let watch = shared.watches.watch();
    watch.arm_idle(shared.timeouts.first_byte);
    let streams = Streams::new(watch, shared.timeouts.keep_alive);
    let service = {
        let (shared, peer, streams) = (shared.clone(), peer.clone(), streams.clone());
        service_fn(move |request| {
            let ticket = admission.admit_another(&peer);
            let (shared, peer, streams) = (shared.clone(), peer.clone(), streams.clone());
            async move {
                let admitted = ticket.is_some();
                let client = Client::of_stream(shared, peer, streams.open(ticket));
                if admitted {
                    proxy::handle(client, as_of_old(request)).await
                } else {
                    Ok::<_, Infallible>(proxy::refuse(&client, Refusal::Busy))
                }
            }
        })
    };
    let mut http = pin!(server(&shared).serve_connection(TokioIo::new(socket), service));
    let told = |ended: hyper::Result<()>| {
        if let Err(error) = ended {
            tracing::debug!(%error, client = %peer.address, "a client's connection broke");
        }
    };
    tokio::select! {
        ended = &mut http => return told(ended),
        () = streams.hostile.cancelled() => return,
        () = expired(&streams.watch) => {}
        () = shared.drained() => {}
    }
    // The client hears which of its requests were taken, and sends the others elsewhere.
    http.as_mut().graceful_shutdown();
    if streams.watch.idle() {
        streams.watch.arm(shared.timeouts.client_write);
    }
    tokio::select! {
        ended = http => told(ended),
        () = streams.hostile.cancelled() => {}
        () = expired(&streams.watch) => {}
    }
}

fn server(shared: &Shared) -> http2::Builder<Timed> {
    let mut server = http2::Builder::new(Timed(shared.watches.clone()));
    server
        .max_concurrent_streams(MOST_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(BUFFER)
        .max_header_list_size(u32::try_from(BUFFER).unwrap_or(u32::MAX));
    server
}

async fn expired(watch: &Watch) {
    poll_fn(|cx| watch.poll_expired(cx)).await;
}

/// The request as it would have come over HTTP/1.1: cookies in one line (RFC 9113, 8.2.3), and the host in its header.
fn as_of_old(mut request: Request<Incoming>) -> Request<Incoming> {
    join_cookies(request.headers_mut());
    if !request.headers().contains_key(header::HOST)
        && let Some(host) = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    request
}

fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<_> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() > 1
        && let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
    {
        headers.insert(header::COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crumbs_become_one_cookie() {
        let mut headers = HeaderMap::new();
        for crumb in ["a=1", "b=2", "c=3"] {
            headers.append(header::COOKIE, HeaderValue::from_static(crumb));
        }
        join_cookies(&mut headers);
        assert_eq!(headers.get_all(header::COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
    }
}
