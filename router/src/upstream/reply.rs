//! The body of an answer, together with the connection it comes over.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio_util::task::AbortOnDropHandle;

use super::{Line, Socket};

/// An answer's body. Dropped before its end, it closes the connection.
pub(crate) struct Reply {
    body: Incoming,
    carrier: Carrier,
    ended: bool,
}

/// Who moves the connection on.
enum Carrier {
    /// Whoever reads the body.
    Reader(Box<Line>),
    /// A task of its own: the request is still being uploaded, and must not wait for a client that reads late.
    Task {
        _task: AbortOnDropHandle<()>,
    },
    Nobody,
}

impl Reply {
    pub(super) fn new(body: Incoming, line: Box<Line>) -> Self {
        let ended = body.is_end_stream();
        let carrier = if line.gauge().upload_ended() { Carrier::Reader(line) } else { Carrier::task(line) };
        Self { body, carrier, ended }
    }

    /// The connection, once the body has been read to its end and if another request can be sent over it.
    pub fn recycle(&mut self) -> Option<Box<Line>> {
        if !self.ended {
            return None;
        }
        match std::mem::replace(&mut self.carrier, Carrier::Nobody) {
            Carrier::Reader(mut line) => line.reusable().then_some(line),
            Carrier::Task { .. } | Carrier::Nobody => None,
        }
    }

    /// After a 101: the socket, and what the instance has already said in the new protocol.
    pub async fn into_socket(self) -> Option<(Socket, Bytes)> {
        match self.carrier {
            Carrier::Reader(line) => line.into_socket().await,
            Carrier::Task { .. } | Carrier::Nobody => None,
        }
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let body = Pin::new(&mut self.body);
        match &mut self.carrier {
            Carrier::Reader(line) => {
                line.drive(cx);
                // Only the driver, just polled, puts anything there, so nobody has to be woken for it.
                body.poll_frame(&mut Context::from_waker(Waker::noop()))
            }
            Carrier::Task { .. } | Carrier::Nobody => body.poll_frame(cx),
        }
    }
}

impl Carrier {
    fn task(line: Box<Line>) -> Self {
        let Some(driver) = line.into_driver() else { return Self::Nobody };
        let task = tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to an instance broke");
            }
        });
        Self::Task { _task: AbortOnDropHandle::new(task) }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = ready!(self.next(cx));
        self.ended = frame.is_none() || self.body.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
