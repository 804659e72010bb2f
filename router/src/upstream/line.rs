//! One connection to an instance, and one exchange over it at a time.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::client::conn::{
    TrySendError,
    http1::{Connection, SendRequest},
};
use hyper_util::rt::TokioIo;

use super::{Gauge, Reply, Socket, Upload, io::UpstreamIo, replay, upload::Ending};

type Driver = Connection<TokioIo<UpstreamIo>, Upload>;

/// A connection to an instance.
pub(crate) struct Line {
    sender: SendRequest<Upload>,
    /// None once it was dropped to get an unsent request back.
    driver: Option<Driver>,
    gauge: Arc<Gauge>,
    /// The connection is over; what it has read may still be waiting.
    closed: bool,
}

/// Why there is no answer.
pub(crate) enum Failure {
    /// The connection was closed already; the instance has not seen the request.
    Unsent(Box<Request<Upload>>),
    /// The connection was closed before the first byte of an answer: nobody knows whether the request was executed. It
    /// comes back if that was asked for.
    Silent(hyper::Error, Option<Box<Request<Upload>>>),
    /// No answer within the time allowed.
    TimedOut,
    /// The client broke its own request off.
    ClientGone,
    /// The client's body is longer than it may be.
    TooLarge,
    /// The answer is not one.
    Broken(hyper::Error),
}

impl Line {
    pub(super) fn new(sender: SendRequest<Upload>, driver: Driver, gauge: Arc<Gauge>) -> Self {
        Self { sender, driver: Some(driver), gauge, closed: false }
    }

    pub fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }

    /// Sends a request and awaits the head of its answer. The instance may be silent for `patience` at a time. With
    /// `again`, a request without a body is kept until its answer comes.
    ///
    /// Not an `async fn`: the request is handed over right now, and the future need not hold it.
    pub fn exchange(
        mut self: Box<Self>,
        request: Request<Upload>,
        patience: Duration,
        again: bool,
    ) -> impl Future<Output = Result<Response<Reply>, Failure>> {
        self.gauge.begin(patience, !request.body().is_end_stream(), again);
        let answer = self.sender.try_send_request(request);
        async move {
            // Not by tokio's budget: who has used it up, over many closed connections, would be told to come again later,
            // by a waker that nobody hears.
            let mut answer = pin!(tokio::task::unconstrained(answer));
            let result = poll_fn(|cx| {
                self.drive(cx);
                // Only the driver makes the answer ready, so nobody has to be woken for it.
                let mut quiet = Context::from_waker(Waker::noop());
                let polled = answer.as_mut().poll(&mut quiet);
                if polled.is_pending() && self.closed {
                    // A request that was not taken comes back when the connection is dropped.
                    self.driver = None;
                    return answer.as_mut().poll(&mut quiet);
                }
                polled
            })
            .await;
            match result {
                Ok(response) => Ok(response.map(|body| Reply::new(body, self))),
                Err(error) => Err(self.failure(error)),
            }
        }
    }

    /// Moves the connection on.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.closed {
            self.closed = self.driver.as_mut().is_none_or(|driver| Pin::new(driver).poll(cx).is_ready());
        }
    }

    /// Whether another request can be sent. To be asked after an answer was read to its end.
    ///
    /// The wakers that the connection keeps become those of nobody: otherwise the next request over it would wake the
    /// client of this one.
    pub(super) fn reusable(&mut self) -> bool {
        self.gauge.end();
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.closed && self.sender.is_ready()
    }

    /// The driver alone, for a task of its own.
    pub(super) fn into_driver(self: Box<Self>) -> Option<Driver> {
        self.driver.filter(|_| !self.closed)
    }

    /// After a 101: the socket, and what the instance has already said in the new protocol.
    pub(super) async fn into_socket(mut self: Box<Self>) -> Option<(Socket, Bytes)> {
        poll_fn(|cx| {
            self.drive(cx);
            if self.closed { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.gauge.end();
        let parts = self.driver?.into_parts();
        Some((parts.io.into_inner().into_socket(), parts.read_buf))
    }

    fn failure(self: Box<Self>, mut error: TrySendError<Request<Upload>>) -> Failure {
        if let Some(request) = error.take_message() {
            Failure::Unsent(Box::new(request))
        } else if self.gauge.upload() == Ending::Broken {
            Failure::ClientGone
        } else if self.gauge.upload() == Ending::TooLarge {
            Failure::TooLarge
        } else if self.gauge.timed_out() {
            Failure::TimedOut
        } else if self.gauge.answered() {
            Failure::Broken(error.into_error())
        } else {
            Failure::Silent(error.into_error(), self.sent())
        }
    }
    /// The request as it was sent, if it was kept and is complete.
    fn sent(self) -> Option<Box<Request<Upload>>> {
        let io = self.driver.filter(|_| self.gauge.records())?.into_parts().io.into_inner();
        replay::read(io.sent()).map(Box::new)
    }
}
