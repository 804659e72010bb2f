//! One drain's task: reads, sends, remembers what arrived, and tries again.
//!
//! Everything arrives at least once. A receiver of batches says what it has; one of syslog says nothing, so that what was written
//! to it counts as arrived only once more was written behind it than both sides of a connection are likely to hold, or once it has
//! been there for longer than a connection survives silence. What is not counted yet is sent again when the connection
//! breaks or the controller dies: at most [`UNCONFIRMED`] bytes and a batch. Place and counts are kept in one transaction, so that a
//! line counts once.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use anyhow::anyhow;
use api::names::DrainUrl;
use rand::Rng;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    feed::{Batch, Feed, Hints},
    link::{Failure, Link},
    outside::{IN_FLIGHT, SILENCE},
};
use crate::{
    db::{
        self,
        drain::{Drain, Mark, Progress},
        drain_sender::{self, Lease},
        lease::HoldError,
    },
    state::State,
};

/// More than is under way: the kernel doubles what our side asks for, and the receiver's side holds some that it has not read.
const UNCONFIRMED: usize = 8 * IN_FLIGHT as usize;
/// Between two writes of what was done.
const KEEP: Duration = Duration::from_secs(2);
/// For which a batch is awaited: one is cheaper than many.
const LINGER: Duration = Duration::from_millis(250);
/// Between tries, from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// A receiver that refuses a batch so often will not have it: it is dropped, for the sake of the next one.
const REFUSALS: u32 = 5;
/// Time for what is being sent when the controller stops.
const LAST: Duration = Duration::from_secs(2);
/// Letters of an error that are kept.
const MAX_ERROR: usize = 300;

/// See the module.
pub struct Sender {
    pub state: State,
    pub lease: Lease,
    pub drain: Drain,
    pub url: DrainUrl,
    pub feed: Feed,
    pub hints: Arc<Hints>,
    pub link: Link,
    pub work: Work,
}

/// What is under way, and what is done.
pub struct Work {
    flights: VecDeque<Flight>,
    progress: Progress,
    kept: Instant,
    failures: u32,
    refusals: u32,
}

/// A batch that was sent, and may not have arrived.
struct Flight {
    app_id: i64,
    before: Mark,
    after: Mark,
    messages: usize,
    missed: u64,
    /// None while it is being sent.
    sent: Option<Instant>,
    bytes: usize,
}

impl Default for Work {
    fn default() -> Self {
        Self { flights: VecDeque::new(), progress: Progress::default(), kept: Instant::now(), failures: 0, refusals: 0 }
    }
}

impl Sender {
    /// Sends until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.turn(&stop).await {
                // What was cut off by the end is the next controller's.
                Err(_) if stop.is_cancelled() => break,
                Err(failure) => {
                    self.fail(&failure).await;
                    stop.run_until_cancelled(sleep(self.work.pause())).await;
                }
                Ok(()) => {}
            }
        }
        let is_whole = self.work.flights.iter().all(|flight| flight.sent.is_some());
        if self.link.finish().await && is_whole {
            self.work.arrived(0);
        }
        self.keep().await;
    }

    /// Sends a batch, or waits until there is something to do.
    async fn turn(&mut self, stop: &CancellationToken) -> Result<(), Failure> {
        self.work.confirm(Instant::now());
        if self.work.kept.elapsed() >= KEEP {
            self.keep().await;
        }
        match stop.run_until_cancelled(self.feed.next()).await {
            Some(Ok(Some(batch))) => self.send(&batch, stop).await,
            Some(Ok(None)) => self.rest(stop).await,
            Some(Err(error)) => {
                // The receiver has no part in it.
                tracing::warn!(error = format!("{error:#}"), drain = %self.drain.uuid, "lines cannot be read; trying again");
                stop.run_until_cancelled(sleep(BACKOFF.0)).await;
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn send(&mut self, batch: &Batch, stop: &CancellationToken) -> Result<(), Failure> {
        self.work.flights.push_back(Flight::of(batch));
        let stopped = async {
            stop.cancelled().await;
            sleep(LAST).await;
        };
        let bytes = tokio::select! {
            sent = self.link.send(&batch.messages) => sent?,
            () = stopped => return Err(anyhow!("the controller stopped").into()),
        };
        self.work.failures = 0;
        self.work.refusals = 0;
        if let Some(flight) = self.work.flights.back_mut() {
            (flight.sent, flight.bytes) = (Some(Instant::now()), bytes);
        }
        if self.link.confirms() {
            self.work.arrived(0);
            stop.run_until_cancelled(sleep(LINGER)).await;
        }
        Ok(())
    }

    async fn rest(&mut self, stop: &CancellationToken) -> Result<(), Failure> {
        let due = self.work.due();
        let due = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            () = self.hints.wait() => Ok(()),
            () = due => Ok(()),
            () = self.link.closed() => {
                self.link.finish().await;
                if self.work.flights.is_empty() {
                    return Ok(());
                }
                Err(anyhow!("the receiver closed the connection").into())
            }
        }
    }

    /// Goes back behind what has certainly arrived.
    async fn fail(&mut self, failure: &Failure) {
        let error = format!("{:#}", failure.error());
        if self.work.failures == 0 {
            tracing::info!(error, drain = %self.drain.uuid, url = self.url.masked(), "a drain takes no lines; trying again");
        }
        self.work.failures = self.work.failures.saturating_add(1);
        self.work.progress.error = Some(error.chars().take(MAX_ERROR).collect());
        if matches!(failure, Failure::Refused(_)) {
            self.work.refusals += 1;
            if self.work.refusals >= REFUSALS {
                (self.work.refusals, self.work.failures) = (0, 0);
                self.work.give_up();
            }
        }
        self.link.finish().await;
        for flight in std::mem::take(&mut self.work.flights).into_iter().rev() {
            self.feed.rewind(flight.app_id, flight.before);
        }
        self.keep().await;
    }

    /// Keeps what was done. What cannot be kept now is kept with the next.
    async fn keep(&mut self) {
        self.work.kept = Instant::now();
        if self.work.progress.marks.is_empty() && self.work.progress.error.is_none() {
            return;
        }
        let done = write(&self.state, self.lease, self.drain.id, &self.work.progress);
        match timeout(SILENCE, done).await {
            Ok(Ok(())) => self.work.progress = Progress::default(),
            Ok(Err(error)) => tracing::debug!(%error, drain = %self.drain.uuid, "what a drain did is not kept yet"),
            Err(_) => {}
        }
    }
}

async fn write(state: &State, lease: Lease, id: i64, progress: &Progress) -> Result<(), HoldError> {
    let mut tx = db::begin(&state.pool).await?;
    drain_sender::hold(&mut tx, lease).await?;
    db::drain::advance(&mut tx, id, progress).await?;
    Ok(db::commit(tx).await?)
}

impl Flight {
    fn of(batch: &Batch) -> Self {
        Self {
            app_id: batch.app_id,
            before: batch.before,
            after: batch.after,
            messages: batch.messages.len(),
            missed: batch.missed,
            sent: None,
            bytes: 0,
        }
    }
}

impl Work {
    /// Counts what must have arrived by now.
    fn confirm(&mut self, now: Instant) {
        let mut behind = 0;
        let mut unsure = 0;
        for flight in self.flights.iter().rev() {
            let old = flight.sent.is_some_and(|sent| now.duration_since(sent) > settled());
            if behind >= UNCONFIRMED || old {
                break;
            }
            behind += flight.bytes;
            unsure += 1;
        }
        self.arrived(unsure);
    }

    /// All but the newest so many have arrived.
    fn arrived(&mut self, unsure: usize) {
        let certain = self.flights.len().saturating_sub(unsure);
        for flight in self.flights.drain(..certain) {
            self.progress.marks.insert(flight.app_id, flight.after);
            self.progress.sent += flight.messages as u64;
            self.progress.dropped += flight.missed;
        }
    }

    /// The newest will not arrive.
    fn give_up(&mut self) {
        if let Some(flight) = self.flights.back_mut() {
            flight.missed += std::mem::take(&mut flight.messages) as u64;
        }
        self.arrived(0);
    }

    /// When there is something to keep, or to count.
    fn due(&self) -> Option<Instant> {
        let kept = (!self.progress.marks.is_empty()).then(|| self.kept + KEEP);
        let counted = self.flights.front().and_then(|flight| flight.sent).map(|sent| sent + settled() + KEEP);
        kept.into_iter().chain(counted).min()
    }

    fn pause(&self) -> Duration {
        let doubled = BACKOFF.0.saturating_mul(1 << self.failures.saturating_sub(1).min(16));
        doubled.min(BACKOFF.1).mul_f64(rand::rng().random_range(0.5..1.0))
    }
}

/// A connection on which something is unanswered for so long is no more, and both sides know.
fn settled() -> Duration {
    SILENCE + KEEP
}
