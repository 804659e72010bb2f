//! A client that says of each request what became of it: an answer that does not come is told like any other failure.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use crate::support::DEADLINE;

/// Asks one thing after the other, over one connection as long as the router keeps it.
pub struct Asker {
    address: SocketAddr,
    connection: Option<Connection>,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: AbortOnDropHandle<()>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asker {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// The answer, or why there is none. Each request is sent once.
    pub async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let answer = tokio::time::timeout(DEADLINE, self.exchange(request)).await;
        let answer = answer.unwrap_or_else(|_elapsed| Err("no answer in time".into()));
        if answer.is_err() {
            self.connection = None;
        }
        answer
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let mut connection = match self.connection.take() {
            Some(connection) if !connection.sender.is_closed() => connection,
            _ => self.connect().await.map_err(|error| format!("cannot connect: {error}"))?,
        };
        let response =
            connection.sender.send_request(request).await.map_err(|error| format!("no answer: {error:?}"))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| format!("{}, then {error:?}", parts.status))?.to_bytes();
        if connection.sender.ready().await.is_ok() {
            self.connection = Some(connection);
        }
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    async fn connect(&self) -> Result<Connection, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = AbortOnDropHandle::new(tokio::spawn(async move {
            // What breaks it, breaks the exchange, too.
            let _ended = driver.await;
        }));
        Ok(Connection { sender, _driver: driver })
    }
}

impl Answer {
    /// A header that is one word.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
