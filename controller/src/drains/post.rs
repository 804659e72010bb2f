//! A receiver that takes batches in the form of Heroku's logplex: `application/logplex-1` by POST.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow};
use api::names::{DrainUrl, Transport};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, StatusCode,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{
    link::Failure,
    outside::{Outside, Trust},
};

/// Time in which a batch is answered.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of an answer, which nobody reads.
const MAX_ANSWER: usize = 64 * 1024;
const LOGPLEX: &str = "application/logplex-1";

/// A receiver of batches.
pub struct Post {
    url: DrainUrl,
    drain: Uuid,
    trust: Trust,
    outside: Arc<Outside>,
    connection: Option<Connection>,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: AbortOnDropHandle<()>,
}

impl Post {
    pub fn new(url: DrainUrl, drain: Uuid, trust: Trust, outside: Arc<Outside>) -> Self {
        Self { url, drain, trust, outside, connection: None }
    }

    /// Posts a batch. Without an error the receiver has it.
    pub async fn send(&mut self, frames: Vec<u8>, count: usize) -> Result<(), Failure> {
        let request = self.request(frames.into(), count)?;
        // A connection that has rested may have been closed meanwhile: that is known only once it is tried.
        let rested = match self.connection.take() {
            Some(connection) if !connection.sender.is_closed() => Some(connection),
            _ => None,
        };
        if let Some(connection) = rested
            && let Ok(status) = self.exchange(connection, request.clone()).await
        {
            return verdict(status);
        }
        let connection = self.connect().await?;
        verdict(self.exchange(connection, request).await?)
    }

    /// Keeps the connection when it can be used again.
    async fn exchange(&mut self, mut connection: Connection, request: Request<Full<Bytes>>) -> Result<StatusCode> {
        let answered = async {
            connection.sender.ready().await?;
            let answer = connection.sender.send_request(request).await?;
            let status = answer.status();
            Ok::<_, hyper::Error>((status, read(answer.into_body()).await))
        };
        let answered = timeout(PATIENCE, answered).await;
        let (status, is_read) = answered
            .with_context(|| format!("the receiver did not answer within {} s", PATIENCE.as_secs()))?
            .context("the connection broke")?;
        if is_read {
            self.connection = Some(connection);
        }
        Ok(status)
    }

    fn request(&self, body: Bytes, count: usize) -> Result<Request<Full<Bytes>>> {
        // The same for a batch that is sent again.
        let frame = hex::encode(&Sha256::digest(&body)[..16]);
        let request = Request::post(self.url.path_and_query())
            .header(header::HOST, self.url.authority())
            .header(header::USER_AGENT, concat!("slipway/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, LOGPLEX)
            .header(header::CONTENT_LENGTH, body.len())
            .header("logplex-msg-count", count)
            .header("logplex-frame-id", frame)
            .header("logplex-drain-token", format!("d.{}", self.drain));
        let request = match self.url.user() {
            Some((user, password)) => {
                let plain: Vec<u8> =
                    percent_decode_str(user).chain([b':']).chain(percent_decode_str(password)).collect();
                request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(plain)))
            }
            None => request,
        };
        // What it is made of may be secret.
        request.body(Full::new(body)).map_err(|_| anyhow!("the URL makes no request"))
    }

    async fn connect(&self) -> Result<Connection> {
        let (host, port) = (self.url.host(), self.url.port());
        match self.url.transport() {
            Transport::Http => begin(self.outside.connect(&host, port, self.trust).await?).await,
            _ => begin(self.outside.connect_tls(&host, port, self.trust).await?).await,
        }
    }
}

async fn begin(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<Connection> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await.context("the connection broke")?;
    // How it ends is told by what is sent over it.
    let driver = tokio::spawn(async move { drop(connection.await) });
    Ok(Connection { sender, _driver: AbortOnDropHandle::new(driver) })
}

/// Reads an answer to its end, unless it is a long one.
async fn read(body: Incoming) -> bool {
    Limited::new(body, MAX_ANSWER).collect().await.is_ok()
}

fn verdict(status: StatusCode) -> Result<(), Failure> {
    let error = anyhow!("the receiver answered {}", status.as_u16());
    match status.as_u16() {
        200..300 => Ok(()),
        // Whoever is not let in, or asked to come later, has not been heard.
        401 | 403 | 404 | 407 | 408 | 425 | 429 => Err(Failure::Away(error)),
        400..500 => Err(Failure::Refused(error)),
        300..400 => Err(Failure::Away(error.context("redirects are not followed; give the URL that it leads to"))),
        _ => Err(Failure::Away(error)),
    }
}
