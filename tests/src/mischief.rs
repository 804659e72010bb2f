//! A way to the engine on which answers go wrong: refused, half, never, or lost after the deed.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::Result;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    client::conn::http1::handshake,
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::{engine::SOCKET, wait};

/// Longer than anybody waits for an answer of the engine.
const NEVER: Duration = Duration::from_secs(20);

/// One request in so many meets a fault: a look at an app takes six, so that most looks get through, and each time another call
/// is the one.
const SELDOM: usize = 23;

/// What goes wrong, one after the other.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Nothing is done.
    Refused(StatusCode),
    /// All is done, and the answer breaks off in its middle.
    Half,
    /// All is done, and there is no answer in time.
    Never,
    /// All is done, and the answer is that it is not.
    Lost,
}

const FAULTS: [Fault; 6] = [
    Fault::Refused(StatusCode::CONFLICT),
    Fault::Refused(StatusCode::TOO_MANY_REQUESTS),
    Fault::Refused(StatusCode::INTERNAL_SERVER_ERROR),
    Fault::Half,
    Fault::Never,
    Fault::Lost,
];

type Body = BoxBody<Bytes, std::io::Error>;

/// How many requests there were, and how many of them met a fault.
#[derive(Clone, Debug, Default)]
pub struct Mischief {
    asked: Arc<AtomicUsize>,
    hurt: Arc<AtomicUsize>,
}

impl Mischief {
    /// Requests, and those that met a fault.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.asked.load(Relaxed), self.hurt.load(Relaxed))
    }

    /// Serves one connection.
    pub(crate) async fn serve(self, client: UnixStream) {
        let answer = service_fn(move |request| {
            let mischief = self.clone();
            async move { Ok::<_, Infallible>(mischief.answer(request).await) }
        });
        // Whoever goes away in the middle has what it wanted.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(client), answer).with_upgrades().await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        match self.fault(&request) {
            None => passed(request).await.unwrap_or_else(|_| said(StatusCode::BAD_GATEWAY)),
            Some(Fault::Refused(status)) => said(status),
            Some(Fault::Half) => match passed(request).await {
                Ok(response) => halved(response).await,
                Err(_) => said(StatusCode::BAD_GATEWAY),
            },
            Some(fault) => {
                let done = passed(request).await;
                if matches!(fault, Fault::Never) {
                    wait::pass(NEVER).await;
                }
                drop(done);
                said(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// Streams go on without end and are left alone.
    fn fault(&self, request: &Request<Incoming>) -> Option<Fault> {
        let path = request.uri().path();
        if path.ends_with("/events") || path.ends_with("/logs") || path.ends_with("/attach") {
            return None;
        }
        let number = self.asked.fetch_add(1, Relaxed);
        if number % SELDOM != SELDOM - 1 {
            return None;
        }
        let hurt = self.hurt.fetch_add(1, Relaxed);
        Some(FAULTS[hurt % FAULTS.len()])
    }
}

/// The engine's own answer.
async fn passed(request: Request<Incoming>) -> Result<Response<Body>> {
    let engine = UnixStream::connect(SOCKET).await?;
    let (mut sender, connection) = handshake(TokioIo::new(engine)).await?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    Ok(response.map(|body| body.map_err(std::io::Error::other).boxed()))
}

fn said(status: StatusCode) -> Response<Body> {
    let body = Full::new(Bytes::from_static(b"{\"message\":\"made to fail\"}")).map_err(|never| match never {});
    let mut response = Response::new(body.boxed());
    *response.status_mut() = status;
    response
}

/// Says that more will come than does.
async fn halved(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let whole = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    head.headers.remove(header::CONTENT_LENGTH);
    let half = whole.slice(..whole.len() / 2);
    let broken = std::io::Error::other("made to break off");
    let frames = stream::iter([Ok(Frame::data(half))]).chain(stream::once(async { Err(broken) }));
    Response::from_parts(head, BodyExt::boxed(StreamBody::new(frames)))
}
