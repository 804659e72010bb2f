//! A request's body on its way to an instance.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::Gauge;

/// The client's body, or none. Reports how it ended, since an upload that the client broke off is not the instance's
/// fault.
pub(crate) struct Upload(Option<(Incoming, Arc<Gauge>)>);

impl Upload {
    pub fn none() -> Self {
        Self(None)
    }

    pub fn new(body: Incoming, gauge: Arc<Gauge>) -> Self {
        Self((!body.is_end_stream()).then_some((body, gauge)))
    }

    /// The body again, when nothing of it has been read.
    pub fn into_body(self) -> Option<Incoming> {
        self.0.map(|(body, _)| body)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Some((body, gauge)) = &mut self.0 else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
        match &frame {
            Some(Err(_)) => gauge.end_upload(false),
            Some(Ok(_)) if !body.is_end_stream() => {}
            _ => gauge.end_upload(true),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), |(body, _)| body.size_hint())
    }
}
