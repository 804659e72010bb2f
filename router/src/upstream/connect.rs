//! Makes a connection to an instance.

use std::{io, sync::Arc, time::Duration};

use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;

use super::{Address, Gauge, Line, Socket, io::UpstreamIo};
use crate::watch::Watches;

/// Largest head of an answer and largest piece of a body held in memory.
pub(crate) const BUFFER: usize = 64 * 1024;

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Connector {
    http: Builder,
    watches: Arc<Watches>,
}

/// Why no connection came to be. Nothing of the request has been sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("it does not accept connections")]
    Refused(#[from] io::Error),
    #[error("it did not accept the connection in time")]
    TimedOut,
    #[error("the connection cannot be used")]
    Unusable(#[from] hyper::Error),
}

impl Connector {
    pub fn new(watches: Arc<Watches>) -> Self {
        let mut http = Builder::new();
        http.max_buf_size(BUFFER).max_header_size(BUFFER);
        Self { http, watches }
    }

    pub async fn connect(&self, address: &Address, timeout: Duration) -> Result<Box<Line>, ConnectError> {
        let connecting = tokio::time::timeout(timeout, Socket::connect(address));
        let socket = connecting.await.map_err(|_elapsed| ConnectError::TimedOut)??;
        let gauge = Arc::new(Gauge::new(self.watches.watch()));
        let io = TokioIo::new(UpstreamIo::new(socket, gauge.clone()));
        let (sender, driver) = self.http.handshake(io).await?;
        Ok(Box::new(Line::new(sender, driver, gauge)))
    }
}
