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
        if let Poll::Ready(Ok(written)) = &result {
            self.record(*written, bufs);
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
