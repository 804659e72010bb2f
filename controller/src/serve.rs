//! Serving a socket until the controller is asked to stop, without failing a request that is on its way.
//!
//! hyper, asked to finish, closes a connection that has not brought a request yet. The router opens one only to send a
//! request, so that one was lost each time a controller stopped between the two. Such a connection is waited for here.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use axum::{Router, body::Body, http::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Notify,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// Time in which a new connection brings its first request while the controller stops.
const FIRST_REQUEST: Duration = Duration::from_secs(1);
/// Pause after an accept that failed for want of something (descriptors, memory) that others may give back.
const BREATH: Duration = Duration::from_millis(50);

/// Serves until `shutdown`, then finishes the answers under way. The socket stays open elsewhere: what arrives later
/// waits there for the next controller.
pub async fn serve(listener: UnixListener, router: Router, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => drop(connections.spawn(converse(stream, router.clone(), shutdown.clone()))),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
}

/// Serves one connection to its end.
async fn converse(stream: UnixStream, router: Router, shutdown: CancellationToken) {
    let (asked, first) = (AtomicBool::new(false), Notify::new());
    let service = service_fn(|request| {
        asked.store(true, Relaxed);
        first.notify_one();
        answer(router.clone(), request)
    });
    let connection = http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
    // What such a connection becomes lives on in a task of its own.
    let connection = connection.with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let stopping = async {
        shutdown.cancelled().await;
        if !asked.load(Relaxed) {
            // Whether it came or not, there is nothing more to wait for.
            let _came = tokio::time::timeout(FIRST_REQUEST, first.notified()).await;
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    router.oneshot(request).await
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        task::JoinHandle,
    };

    use super::*;

    fn start(socket: &Path) -> (CancellationToken, JoinHandle<()>) {
        let (listener, shutdown) = (UnixListener::bind(socket).unwrap(), CancellationToken::new());
        let router = Router::new().route("/", get(async || "hello"));
        (shutdown.clone(), tokio::spawn(serve(listener, router, shutdown)))
    }

    async fn ask(client: &mut UnixStream) {
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    }

    async fn rest(mut client: UnixStream) -> String {
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_connection_accepted_before_the_stop_is_answered_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("api.sock");
        let (shutdown, serving) = start(&socket);
        let mut early = UnixStream::connect(&socket).await.unwrap();
        // Accepted after the early one, so that the answer tells that both are.
        let mut kept = UnixStream::connect(&socket).await.unwrap();
        ask(&mut kept).await;
        assert_eq!(kept.read_u8().await.unwrap(), b'H');

        shutdown.cancel();
        // Idle connections are closed.
        assert!(rest(kept).await.ends_with("hello"));
        ask(&mut early).await;
        let answer = rest(early).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_silent_connection_does_not_hold_the_controller_up() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("api.sock");
        let (shutdown, serving) = start(&socket);
        let silent = UnixStream::connect(&socket).await.unwrap();
        shutdown.cancel();
        tokio::time::timeout(FIRST_REQUEST * 5, serving).await.unwrap().unwrap();
        assert_eq!(rest(silent).await, "");
    }
}
