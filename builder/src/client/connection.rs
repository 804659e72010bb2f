//! One request on one connection: the socket is local, so that keeping connections would only add ways to fail.

use std::time::Duration;

use api::error::ErrorBody;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::UnixStream;
use tokio_util::task::AbortOnDropHandle;

use super::{Controller, Error};

/// How long the controller may take for a short answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// More than any answer that is read as a whole.
const ANSWER_BYTES: usize = 16 << 20;

/// A body of any kind.
pub(super) type Body = UnsyncBoxBody<Bytes, anyhow::Error>;

/// An answer, and the connection that carries its body.
pub(super) struct Answer {
    pub body: Incoming,
    _connection: AbortOnDropHandle<()>,
}

/// A body that is there already.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body of JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Result<Body, Error> {
    serde_json::to_vec(value).map(whole).map_err(Error::unanswered)
}

impl Controller {
    /// Sends `body`, and reads the answer as JSON.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        request: http::request::Builder,
        body: Body,
        patience: Duration,
    ) -> Result<T, Error> {
        let bytes = self.exchange(request, body, patience).await?;
        serde_json::from_slice(&bytes).map_err(Error::unanswered)
    }

    /// Sends `body`, and reads the whole answer.
    pub(super) async fn exchange(
        &self,
        request: http::request::Builder,
        body: Body,
        patience: Duration,
    ) -> Result<Bytes, Error> {
        let exchange = async {
            let answer = self.send(request, body).await?;
            read(answer.body).await
        };
        tokio::time::timeout(patience, exchange).await.map_err(Error::unanswered)?
    }

    /// Sends `body`, and answers as soon as the controller begins to. An answer that is not a success is an error.
    pub(super) async fn send(&self, request: http::request::Builder, body: Body) -> Result<Answer, Error> {
        let request = request
            .header(header::HOST, "controller")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.credential))
            .body(body)
            .map_err(Error::unanswered)?;
        let (response, connection) = self.connect_and_send(request).await.map_err(Error::Unanswered)?;
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok(Answer { body, _connection: connection });
        }
        let words = words(&tokio::time::timeout(PATIENCE, read(body)).await.map_err(Error::unanswered)??);
        Err(Error::Refused { status: head.status, words })
    }

    async fn connect_and_send(
        &self,
        request: Request<Body>,
    ) -> anyhow::Result<(Response<Incoming>, AbortOnDropHandle<()>)> {
        let stream = UnixStream::connect(&self.socket).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            // What breaks it, breaks the answer, too, and is reported there.
            let _ended = connection.await;
        }));
        Ok((sender.send_request(request).await?, connection))
    }
}

async fn read(body: Incoming) -> Result<Bytes, Error> {
    let collected = Limited::new(body, ANSWER_BYTES).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| Error::Unanswered(anyhow::anyhow!(error)))
}

fn words(body: &[u8]) -> String {
    match serde_json::from_slice(body) {
        Ok(ErrorBody::Detail { detail }) => detail,
        Ok(ErrorBody::Missing(text)) => text,
        Ok(ErrorBody::Fields(fields)) => fields.into_values().flatten().collect::<Vec<_>>().join("\n"),
        Err(_) => "The controller refused this without saying why.".to_owned(),
    }
}
