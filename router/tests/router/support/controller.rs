//! A controller as far as a router sees it: the route stream and the acknowledgements.

use std::{
    convert::Infallible,
    path::Path,
    sync::{Arc, Mutex},
};

use api::routes::{ACK_PATH, RouteAck, RouteEvent, STREAM_PATH};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::UnixListener, sync::mpsc};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::until;

/// The installation whose controller this is.
pub const INSTALLATION: Uuid = Uuid::from_u128(0x5117);

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A running controller; stops when dropped, and its connections with it.
pub struct Controller {
    state: Arc<State>,
    _running: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct State {
    /// The streams that are open.
    streams: Mutex<Vec<mpsc::UnboundedSender<RouteEvent>>>,
    /// What each stream begins with.
    opening: Mutex<Vec<RouteEvent>>,
    acks: Mutex<Vec<RouteAck>>,
    queries: Mutex<Vec<String>>,
    credentials: Mutex<Vec<String>>,
}

impl Controller {
    /// Listens at `socket`; each stream begins with `opening`.
    pub fn start(socket: &Path, opening: Vec<RouteEvent>) -> Self {
        let _left_behind = std::fs::remove_file(socket);
        let listener = UnixListener::bind(socket).unwrap();
        let state = Arc::new(State { opening: Mutex::new(opening), ..State::default() });
        let shared = state.clone();
        let running = AbortOnDropHandle::new(tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = shared.clone();
                let service = service_fn(move |request| handle(state.clone(), request));
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        }));
        Self { state, _running: running }
    }

    /// Sends a line to all routers.
    pub fn send(&self, event: &RouteEvent) {
        self.state.streams.lock().unwrap().retain(|stream| stream.send(event.clone()).is_ok());
    }

    /// What routers asked for, query and all.
    pub fn queries(&self) -> Vec<String> {
        self.state.queries.lock().unwrap().clone()
    }

    pub fn credentials(&self) -> Vec<String> {
        self.state.credentials.lock().unwrap().clone()
    }

    pub fn acks(&self) -> Vec<RouteAck> {
        self.state.acks.lock().unwrap().clone()
    }

    /// Waits for an acknowledgement.
    pub async fn acknowledged(&self, what: &str, matches: impl Fn(&RouteAck) -> bool) {
        until(what, || self.acks().iter().any(&matches)).await;
    }
}

async fn handle(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let credential = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    state.credentials.lock().unwrap().extend(credential);
    let path = request.uri().path().to_owned();
    if path == ACK_PATH {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        state.acks.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    if path != STREAM_PATH {
        return Ok(empty(StatusCode::NOT_FOUND));
    }
    state.queries.lock().unwrap().push(request.uri().query().unwrap().to_owned());
    Ok(stream(&state))
}

fn stream(state: &State) -> Response<Body> {
    let (sender, receiver) = mpsc::unbounded_channel();
    for event in state.opening.lock().unwrap().iter() {
        sender.send(event.clone()).unwrap();
    }
    state.streams.lock().unwrap().push(sender);
    let frames = futures_util::stream::unfold(receiver, |mut receiver| async {
        let event = receiver.recv().await?;
        let line = serde_json::to_string(&event).unwrap() + "\n";
        Some((Ok(Frame::data(Bytes::from(line))), receiver))
    });
    Response::new(StreamBody::new(frames).boxed_unsync())
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Empty::new().boxed_unsync());
    *response.status_mut() = status;
    response
}
