//! The body of an answer on its way to the client.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};

use super::record::Record;
use crate::{
    balance::Lease,
    client::{Client, Stream},
    upstream::Reply,
};

/// A body. When it is dropped, the request is over: whatever has to happen then hangs on it.
pub(crate) struct Answer {
    content: Content,
    client: Arc<Client>,
    record: Record,
    /// It has been read to its end.
    ended: bool,
}

enum Content {
    Own(Option<Bytes>),
    Relayed { reply: Box<Reply>, lease: Lease },
}

impl Answer {
    pub(super) fn own(client: &Arc<Client>, text: Bytes) -> Self {
        let text = (!text.is_empty()).then_some(text);
        Self::new(client, Content::Own(text))
    }

    pub(super) fn relayed(client: &Arc<Client>, reply: Reply, lease: Lease) -> Self {
        let mut answer = Self::new(client, Content::Relayed { reply: Box::new(reply), lease });
        answer.recycle();
        answer
    }

    fn new(client: &Arc<Client>, content: Content) -> Self {
        Self { content, client: client.clone(), record: Record::default(), ended: false }
    }

    /// What is written to the log once the request is over.
    pub(super) fn record(&mut self, record: Record, status: StatusCode) {
        self.record = record;
        self.record.status = status;
    }

    /// hyper asks for more only once the client of a stream has taken what it was given.
    fn watch_client(&self, waits: bool) {
        let Some(watch) = self.client.stream().and_then(Stream::watch) else { return };
        if waits {
            watch.arm(self.client.shared.timeouts.client_write);
        } else {
            watch.disarm();
        }
    }

    /// Keeps the connection to the instance for the next request, if the answer has been read to its end.
    fn recycle(&mut self) {
        let Content::Relayed { reply, lease } = &mut self.content else { return };
        if let Some(line) = reply.recycle() {
            let shared = &self.client.shared;
            lease.backend().pool.put(line, shared.now(), shared.limits.idle_per_instance);
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        self.watch_client(false);
        let this = &mut *self;
        let reply = match &mut this.content {
            Content::Own(text) => {
                let text = text.take();
                this.watch_client(text.is_some());
                return Poll::Ready(text.map(|text| Ok(Frame::data(text))));
            }
            Content::Relayed { reply, .. } => reply,
        };
        let frame = ready!(Pin::new(&mut **reply).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => this.record.bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(_)) => {}
            None => this.ended = true,
        }
        this.recycle();
        this.watch_client(frame.is_some());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Own(text) => text.is_none(),
            Content::Relayed { reply, .. } => reply.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Own(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
            Content::Relayed { reply, .. } => reply.size_hint(),
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.client.end(self.ended || self.is_end_stream());
        self.record.write(&self.client.peer);
    }
}
