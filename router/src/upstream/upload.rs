//! A request's body on its way to an instance.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::Gauge;
use crate::watch::Watch;

/// The client's body, or none. Reports how it ended, since an upload that the client broke off is not the instance's
/// fault.
pub(crate) struct Upload(Option<Sending>);

struct Sending {
    body: Incoming,
    gauge: Arc<Gauge>,
    patience: Option<Patience>,
}

/// How long the client of a stream may take over the next piece. That of a connection is watched at its socket.
#[derive(Clone)]
pub(crate) struct Patience {
    pub watch: Arc<Watch>,
    pub limit: Duration,
}

impl Upload {
    pub fn none() -> Self {
        Self(None)
    }

    pub fn new(body: Incoming, gauge: Arc<Gauge>, patience: Option<Patience>) -> Self {
        Self((!body.is_end_stream()).then_some(Sending { body, gauge, patience }))
    }

    /// The body again, when nothing of it has been read.
    pub fn into_body(self) -> Option<Incoming> {
        self.0.map(|sending| sending.body)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Some(Sending { body, gauge, patience }) = &mut self.0 else { return Poll::Ready(None) };
        let polled = Pin::new(&mut *body).poll_frame(cx);
        if let Some(Patience { watch, limit }) = patience {
            if polled.is_pending() { watch.arm_unless_armed(*limit) } else { watch.disarm() }
        }
        let frame = ready!(polled);
        match &frame {
            Some(Err(_)) => gauge.end_upload(false),
            Some(Ok(_)) if !body.is_end_stream() => {}
            _ => gauge.end_upload(true),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|sending| sending.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), |sending| sending.body.size_hint())
    }
}
