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
    bounds: Bounds,
}

/// What a body must keep to.
#[derive(Clone, Default)]
pub(crate) struct Bounds {
    /// How long the client of a stream may take over the next piece. That of a connection is watched at its socket.
    pub patience: Option<(Arc<Watch>, Duration)>,
    /// How many bytes it may have.
    pub most: Option<u64>,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// There was none, or it was sent whole.
    Complete,
    /// The client broke it off.
    Broken,
    /// It was longer than it may be.
    TooLarge,
}

/// Why a body ends early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error("the client broke it off")]
    Broken(#[from] hyper::Error),
    #[error("it is too large")]
    TooLarge,
}

impl Upload {
    pub fn none() -> Self {
        Self(None)
    }

    pub fn new(body: Incoming, gauge: Arc<Gauge>, bounds: Bounds) -> Self {
        Self((!body.is_end_stream()).then_some(Sending { body, gauge, bounds }))
    }

    /// The body again, when nothing of it has been read.
    pub fn into_body(self) -> Option<Incoming> {
        self.0.map(|sending| sending.body)
    }
}

impl Bounds {
    /// Whether there is room for this piece, which is then taken.
    fn take(&mut self, frame: &Frame<Bytes>) -> bool {
        let (Some(most), Some(data)) = (&mut self.most, frame.data_ref()) else { return true };
        match most.checked_sub(data.len() as u64) {
            Some(left) => *most = left,
            None => return false,
        }
        true
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let Some(Sending { body, gauge, bounds }) = &mut self.0 else { return Poll::Ready(None) };
        let polled = Pin::new(&mut *body).poll_frame(cx);
        if let Some((watch, limit)) = &bounds.patience {
            if polled.is_pending() { watch.arm_unless_armed(*limit) } else { watch.disarm() }
        }
        let frame = ready!(polled);
        match &frame {
            Some(Err(_)) => gauge.end_upload(Ending::Broken),
            Some(Ok(frame)) if !bounds.take(frame) => {
                gauge.end_upload(Ending::TooLarge);
                return Poll::Ready(Some(Err(UploadError::TooLarge)));
            }
            Some(Ok(_)) if !body.is_end_stream() => {}
            _ => gauge.end_upload(Ending::Complete),
        }
        Poll::Ready(frame.map(|frame| Ok(frame?)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|sending| sending.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), |sending| sending.body.size_hint())
    }
}
