//! The socket to an instance as hyper sees it: it tells the [`Gauge`] what moves.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Gauge, Socket};

/// A socket and its gauge.
pub(crate) struct UpstreamIo {
    socket: Socket,
    gauge: Arc<Gauge>,
    /// The current request as it was sent, if it may have to be sent again. To copy some hundred bytes costs less than
    /// to copy a map of headers, and they are hardly ever needed.
    sent: Vec<u8>,
}

impl UpstreamIo {
    pub fn new(socket: Socket, gauge: Arc<Gauge>) -> Self {
        Self { socket, gauge, sent: Vec::new() }
    }

    pub fn into_socket(self) -> Socket {
        self.socket
    }

    /// The last request, if it was to be kept.
    pub fn sent(&self) -> &[u8] {
        &self.sent
    }

    fn written(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &result {
            Poll::Ready(Ok(written)) => self.record(*written, bufs),
            // The connection was closed in this very moment: what was to be sent is as good as sent.
            Poll::Ready(Err(_)) => self.record(usize::MAX, bufs),
            Poll::Pending => {}
        }
        if result.is_ready() {
            self.gauge.written();
            return result;
        }
        ready!(self.gauge.poll_silence(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn record(&mut self, written: usize, bufs: &[IoSlice<'_>]) {
        if !self.gauge.records() {
            return;
        }
        let mut left = written;
        for buf in bufs {
            let taken = left.min(buf.len());
            self.sent.extend_from_slice(&buf[..taken]);
            left -= taken;
        }
    }
}

impl AsyncRead for UpstreamIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if Pin::new(&mut self.socket).poll_read(cx, buf)?.is_ready() {
            if buf.filled().len() > before {
                // It is being answered: nothing will be sent again.
                self.sent.clear();
                self.gauge.read();
            }
            return Poll::Ready(Ok(()));
        }
        ready!(self.gauge.poll_silence(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for UpstreamIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.written(cx, result, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.written(cx, result, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt, net::UnixStream};

    use super::*;
    use crate::{upstream::replay, watch::Watches};

    #[tokio::test]
    async fn what_a_closed_connection_does_not_take_can_be_sent_again() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let gauge = Arc::new(Gauge::new(Watches::new().watch()));
        gauge.begin(std::time::Duration::from_secs(1), false, true);
        let mut io = UpstreamIo::new(Socket::Unix(ours), gauge);
        io.write_all(b"GET /a HTTP/1.1\r\n").await.unwrap();
        drop(theirs);
        io.write_all(b"host: a\r\n\r\n").await.unwrap_err();
        assert_eq!(replay::read(io.sent()).unwrap().uri(), "/a");
    }
}
