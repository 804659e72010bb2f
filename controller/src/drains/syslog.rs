//! A connection over which a receiver of syslog is sent frames: RFC 6587 over TCP, RFC 5425 over TLS.

use std::{io, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use api::names::{DrainUrl, Transport};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split},
    sync::watch,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::outside::{Outside, SILENCE, Trust};

/// Time in which a receiver confirms that it has read everything, by closing its side once ours is.
const FAREWELL: Duration = Duration::from_secs(3);

/// A receiver of syslog.
pub struct Syslog {
    url: DrainUrl,
    trust: Trust,
    outside: Arc<Outside>,
    connection: Option<Connection>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

struct Connection {
    writer: WriteHalf<Box<dyn Stream>>,
    end: watch::Receiver<End>,
    _reader: AbortOnDropHandle<()>,
}

/// How the receiver's side of a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Open,
    Closed,
    Broken,
}

impl Syslog {
    pub fn new(url: DrainUrl, trust: Trust, outside: Arc<Outside>) -> Self {
        Self { url, trust, outside, connection: None }
    }

    /// Writes frames. After an error nobody knows what of the last ones has arrived.
    pub async fn send(&mut self, frames: &[u8]) -> Result<()> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        if *connection.end.borrow() != End::Open {
            bail!("the receiver closed the connection");
        }
        tokio::select! {
            written = write(&mut connection.writer, frames) => written?,
            _ = connection.end.wait_for(|end| *end != End::Open) => bail!("the receiver closed the connection"),
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// Returns when the receiver has closed the connection; never when there is none.
    pub async fn closed(&mut self) {
        match &mut self.connection {
            Some(connection) => drop(connection.end.wait_for(|end| *end != End::Open).await),
            None => std::future::pending().await,
        }
    }

    /// Ends the connection. True when the receiver has everything that was ever written to it.
    pub async fn finish(&mut self) -> bool {
        let Some(mut connection) = self.connection.take() else { return false };
        if *connection.end.borrow() != End::Open {
            return false;
        }
        let farewell = async {
            connection.writer.shutdown().await.ok()?;
            connection.end.wait_for(|end| *end != End::Open).await.ok().map(|end| *end == End::Closed)
        };
        timeout(FAREWELL, farewell).await.ok().flatten().unwrap_or(false)
    }

    async fn connect(&self) -> Result<Connection> {
        let (host, port) = (self.url.host(), self.url.port());
        let stream: Box<dyn Stream> = match self.url.transport() {
            Transport::SyslogTls => Box::new(self.outside.connect_tls(&host, port, self.trust).await?),
            _ => Box::new(self.outside.connect(&host, port, self.trust).await?),
        };
        let (reader, writer) = split(stream);
        let (told, end) = watch::channel(End::Open);
        let reader = AbortOnDropHandle::new(tokio::spawn(watch_end(reader, told)));
        Ok(Connection { writer, end, _reader: reader })
    }
}

/// Gives up on a receiver that takes nothing for some time, however little the others take at once.
async fn write(writer: &mut WriteHalf<Box<dyn Stream>>, mut frames: &[u8]) -> Result<()> {
    let stalled = || format!("the receiver takes nothing for {} s", SILENCE.as_secs());
    while !frames.is_empty() {
        let written = timeout(SILENCE, writer.write(frames)).await.with_context(stalled)?;
        let written = written.context("the connection broke")?;
        ensure!(written > 0, "the connection broke");
        frames = &frames[written..];
    }
    timeout(SILENCE, writer.flush()).await.with_context(stalled)?.context("the connection broke")
}

/// Receivers say nothing; what is read is their end.
async fn watch_end(mut reader: ReadHalf<Box<dyn Stream>>, told: watch::Sender<End>) {
    let mut buffer = [0; 512];
    let end = loop {
        match reader.read(&mut buffer).await {
            Ok(0) => break End::Closed,
            Ok(_) => {}
            // TLS whose farewell was left out.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break End::Closed,
            Err(_) => break End::Broken,
        }
    };
    told.send_replace(end);
}
