//! A connection that no longer speaks HTTP: websockets and whatever else an app upgrades to.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::{exchange::exchange, farewell::Farewell, linger::linger};
use crate::{balance::Lease, upstream::Socket, watch::Watch};

/// The instance's end of an upgraded connection. Counts as under way there.
pub(crate) struct Tunnel {
    pub socket: Socket,
    /// What the instance said right after its 101.
    pub early: Bytes,
    /// What is spoken is known: a farewell can be said in it.
    pub websocket: bool,
    pub lease: Lease,
    /// How long both sides may be silent.
    pub patience: Duration,
}

impl Tunnel {
    /// Copies both ways until one side ends, or both are silent for too long. `early` is what the client said before
    /// it had seen the 101; the instance, having agreed to it, may have it now.
    ///
    /// When the router gives up what is under way, the client of a websocket is told so, in a frame of its own between two of
    /// the instance's, and may still say goodbye to the instance. Anything else is closed without a word: only the two
    /// ends know where in their protocol one could be said.
    pub async fn run(self, client: impl AsyncRead + AsyncWrite + Unpin, early: Bytes, watch: &Arc<Watch>) {
        let Self { socket, early: answer, websocket, lease, patience } = self;
        let mut farewell = websocket.then(Farewell::default);
        if let Some(farewell) = &mut farewell {
            watch.takes_leave();
            farewell.follow(&answer);
        }
        let mut client = Timed { inner: client, watch, patience, farewell: None };
        let mut instance = Timed { inner: socket, watch, patience, farewell };
        let talk = async {
            client.write_all(&answer).await?;
            client.flush().await?;
            exchange(&mut client, &early, &mut instance).await
        };
        watch.arm(patience);
        let end = talk.await;
        drop((instance, lease));
        match end {
            // Its time is over.
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return,
            Err(error) => tracing::debug!(%error, "an upgraded connection broke"),
            Ok(()) => tracing::debug!("an upgraded connection ended"),
        }
        linger(client.inner).await;
    }
}

/// One end of the tunnel: any movement at either gives both their time again.
struct Timed<'a, S> {
    inner: S,
    watch: &'a Watch,
    patience: Duration,
    /// How what is read here may be ended.
    farewell: Option<Farewell>,
}

impl<S> Timed<'_, S> {
    fn moved<T>(&self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.watch.arm(self.patience);
            return result;
        }
        ready!(self.watch.poll_expired(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<'_, S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let result = match &mut this.farewell {
            Some(farewell) => farewell.poll_read(Pin::new(&mut this.inner), cx, buf, this.watch.leaving()),
            None => Pin::new(&mut this.inner).poll_read(cx, buf),
        };
        self.moved(cx, result)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<'_, S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.moved(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
