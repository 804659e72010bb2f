//! Speaks HTTP to the controller's internal listener.

use std::{io, path::PathBuf, time::Duration};

use api::routes::{ACK_PATH, RouteAck, STREAM_PATH};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio_util::task::AbortOnDropHandle;

use crate::config::Credential;

/// How long the controller may take for the head of an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The controller, seen from the router.
#[derive(Clone, Debug)]
pub(crate) struct Internal {
    socket: PathBuf,
    credential: Credential,
}

/// An answer, and the connection that carries its body.
pub(crate) struct Answer {
    pub body: Incoming,
    _connection: AbortOnDropHandle<()>,
}

/// Why the controller did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreachable {
    #[error("cannot connect to the controller's internal socket {0}")]
    Connect(PathBuf, #[source] io::Error),
    #[error("the controller did not answer in time")]
    TimedOut,
    #[error("the controller broke the connection")]
    Broken(#[from] hyper::Error),
    #[error("the controller answered {0}{hint}", hint = hint(*.0))]
    Status(StatusCode),
    #[error("the request cannot be built")]
    Request(#[from] http::Error),
    #[error("the acknowledgement cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ": its list of components lacks this router's credential",
        _ => "",
    }
}

impl Internal {
    pub fn new(socket: PathBuf, credential: Credential) -> Self {
        Self { socket, credential }
    }

    /// Opens the route stream: what changed after `version` of `epoch`, or everything.
    pub async fn routes(&self, epoch: i64, version: i64) -> Result<Answer, Unreachable> {
        self.send(Request::get(format!("{STREAM_PATH}?epoch={epoch}&after={version}")), Bytes::new()).await
    }

    /// Reports where this router stands.
    pub async fn acknowledge(&self, ack: &RouteAck) -> Result<(), Unreachable> {
        let body = serde_json::to_vec(ack)?;
        let request = Request::post(ACK_PATH).header(header::CONTENT_TYPE, "application/json");
        self.send(request, body.into()).await.map(drop)
    }

    async fn send(&self, request: http::request::Builder, body: Bytes) -> Result<Answer, Unreachable> {
        let credential = format!("Bearer {}", self.credential.expose());
        let request = request
            .header(header::HOST, "controller")
            .header(header::AUTHORIZATION, credential)
            .body(Full::new(body))?;
        let sent = tokio::time::timeout(PATIENCE, self.exchange(request));
        let (response, connection) = sent.await.map_err(|_elapsed| Unreachable::TimedOut)??;
        if !response.status().is_success() {
            return Err(Unreachable::Status(response.status()));
        }
        Ok(Answer { body: response.into_body(), _connection: connection })
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), Unreachable> {
        let stream = UnixStream::connect(&self.socket).await;
        let stream = stream.map_err(|error| Unreachable::Connect(self.socket.clone(), error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            // What breaks it, breaks the answer, too, and is reported there.
            let _ended = connection.await;
        }));
        Ok((sender.send_request(request).await?, connection))
    }
}
