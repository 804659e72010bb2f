//! One request of a connection on which many are under way at once, and what they have in common.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use hyper::rt::Executor;
use tokio_util::sync::CancellationToken;

use super::admission::Ticket;
use crate::watch::{Watch, Watches};

/// How many more requests than are answered a client may break off before its connection is closed. Browsers break
/// some off whenever somebody leaves a page; who does nothing else makes work for others at no cost of its own (rapid
/// reset, CVE-2023-44487).
const MOST_BROKEN_OFF: usize = 200;

tokio::task_local! {
    /// The watch of the stream whose task this is.
    static WATCH: Arc<Watch>;
}

/// The streams of one connection.
pub(super) struct Streams {
    /// Until when the connection may be silent.
    pub watch: Arc<Watch>,
    /// The client does nothing but break its own requests off.
    pub hostile: CancellationToken,
    keep_alive: Duration,
    count: Mutex<Count>,
}

#[derive(Default)]
struct Count {
    open: usize,
    broken_off: usize,
}

impl Streams {
    /// Of a new connection, which watches itself until its first request comes.
    pub fn new(watch: Arc<Watch>, keep_alive: Duration) -> Arc<Self> {
        Arc::new(Self { watch, hostile: CancellationToken::new(), keep_alive, count: Mutex::default() })
    }

    /// A request has come. Counts as under way until it is dropped.
    pub fn open(self: &Arc<Self>, ticket: Option<Ticket>) -> Stream {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        count.open += 1;
        self.watch.disarm();
        drop(count);
        // A stream that is not run by `Timed` has nobody who would end it, and its watch does nothing.
        let watch = WATCH.try_with(Arc::clone).ok();
        Stream { streams: self.clone(), watch, complete: AtomicBool::new(false), _ticket: ticket }
    }

    /// The watch is set while the count is held, so that it never says idle while something is under way.
    fn close(&self, complete: bool) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        count.open -= 1;
        count.broken_off = if complete { count.broken_off.saturating_sub(1) } else { count.broken_off + 1 };
        if count.broken_off > MOST_BROKEN_OFF {
            self.hostile.cancel();
        }
        if count.open == 0 {
            self.watch.arm_idle(self.keep_alive);
        }
    }
}

/// One request, until it is dropped.
pub(crate) struct Stream {
    streams: Arc<Streams>,
    watch: Option<Arc<Watch>>,
    /// The client has been given all of its answer.
    complete: AtomicBool,
    _ticket: Option<Ticket>,
}

impl Stream {
    /// Until when this client may keep its request waiting, by not sending what belongs to it or not taking its answer.
    pub fn watch(&self) -> Option<&Arc<Watch>> {
        self.watch.as_ref()
    }

    pub(super) fn end(&self, complete: bool) {
        self.complete.store(complete, Relaxed);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.close(self.complete.load(Relaxed));
    }
}

/// Runs streams, each in a task of its own, and ends those whose client does nothing for them: hyper waits for it for
/// ever. A stream that is dropped is reset.
#[derive(Clone)]
pub(super) struct Timed(pub Arc<Watches>);

impl<F> Executor<F> for Timed
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let watch = self.0.watch();
        let expired = {
            let watch = watch.clone();
            poll_fn(move |cx| watch.poll_expired(cx))
        };
        tokio::spawn(WATCH.scope(watch, async move {
            tokio::select! {
                () = stream => {}
                () = expired => {}
            }
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams() -> Arc<Streams> {
        Streams::new(Watches::new().watch(), Duration::from_secs(1))
    }

    #[test]
    fn a_connection_is_idle_while_nothing_is_under_way() {
        let streams = streams();
        let (one, other) = (streams.open(None), streams.open(None));
        one.end(true);
        drop(one);
        assert!(!streams.watch.idle());
        drop(other);
        assert!(streams.watch.idle());
        let _third = streams.open(None);
        assert!(!streams.watch.idle());
    }

    #[test]
    fn who_only_breaks_requests_off_is_hostile() {
        let streams = streams();
        let ask = |complete: bool| streams.open(None).end(complete);
        for _ in 0..10 * MOST_BROKEN_OFF {
            ask(false);
            ask(true);
        }
        assert!(!streams.hostile.is_cancelled());
        for _ in 0..=MOST_BROKEN_OFF {
            ask(false);
        }
        assert!(streams.hostile.is_cancelled());
    }
}
