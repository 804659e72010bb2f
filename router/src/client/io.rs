//! The client's socket as hyper sees it: guarded by [`Wire`], timed by [`Watch`].

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    config::Timeouts,
    watch::Watch,
    wire::{Offence, Phase, Wire},
};

/// Stands in a request head for the byte that was refused. No HTTP parser takes a NUL anywhere in a head: hyper answers
/// 400 in the request's turn, after the answers of those before it, and closes.
const POISON: u8 = 0;

/// A client's socket.
pub(crate) struct ClientIo<S> {
    socket: S,
    wire: Wire,
    watch: Arc<Watch>,
    timeouts: Timeouts,
    /// A request was refused: nothing more is read.
    refused: bool,
    /// The client does not take what we write.
    stalled: bool,
}

impl<S> ClientIo<S> {
    pub fn new(socket: S, watch: Arc<Watch>, timeouts: Timeouts) -> Self {
        watch.arm_idle(timeouts.first_byte);
        Self { socket, wire: Wire::default(), watch, timeouts, refused: false, stalled: false }
    }

    /// The socket itself, once it speaks another protocol; none when the last thing it said in HTTP was refused.
    pub fn into_socket(self) -> Option<S> {
        (!self.refused).then_some(self.socket)
    }

    /// The socket, when its client is still sending: it was refused, or answered before its request had ended.
    pub fn into_unread(self) -> Option<S> {
        let unread = self.refused || self.wire.phase() == Phase::Body;
        (unread && !self.watch.expired()).then_some(self.socket)
    }

    /// Looks at what was read, and sets the time for what has to come next.
    fn inspect(&mut self, buf: &mut ReadBuf<'_>, start: usize) {
        let before = self.wire.phase();
        match self.wire.feed(&buf.filled()[start..]) {
            Ok(heads) => self.await_next(before, heads > 0),
            Err(offence) => self.refuse(buf, start, &offence),
        }
    }

    fn await_next(&mut self, before: Phase, requested: bool) {
        match self.wire.phase() {
            // The first bytes of a head that was waited for. What is sent ahead, while an answer is under way, has time:
            // hyper does not read it yet.
            Phase::Head if !requested && self.watch.idle() => self.watch.arm(self.timeouts.request_head),
            Phase::Head if !requested => {}
            // Empty lines are no request.
            Phase::Between if !requested && before == Phase::Between => {}
            _ => self.watch.disarm(),
        }
    }

    fn refuse(&mut self, buf: &mut ReadBuf<'_>, start: usize, offence: &Offence) {
        let at = start + offence.at;
        self.refused = true;
        self.watch.disarm();
        if offence.in_body {
            // The body ends here, short of its length: whoever reads it gets an error.
            buf.set_filled(at);
        } else {
            buf.filled_mut()[at] = POISON;
            buf.set_filled(at + 1);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientIo<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.refused {
            return Poll::Ready(Ok(()));
        }
        let this = &mut *self;
        let start = buf.filled().len();
        if Pin::new(&mut this.socket).poll_read(cx, buf)?.is_ready() {
            this.inspect(buf, start);
            return Poll::Ready(Ok(()));
        }
        if this.wire.phase() == Phase::Body {
            this.watch.arm_unless_armed(this.timeouts.request_body);
        }
        ready!(this.watch.poll_expired(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> ClientIo<S> {
    /// Gives a client that takes nothing its time, and no more.
    fn written(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if result.is_ready() {
            if std::mem::take(&mut self.stalled) {
                self.watch.disarm();
            }
            return result;
        }
        if !std::mem::replace(&mut self.stalled, true) {
            self.watch.arm(self.timeouts.client_write);
        }
        ready!(self.watch.poll_expired(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.written(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.written(cx, result)
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
