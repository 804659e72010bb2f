//! Whether the database answers, and for how long it has without a pause.
//!
//! A database that stands still says nothing, and whoever has asked it something would wait for as long: so somebody
//! asks it the time of day each second. And what should have been written into a database that was away was not: only
//! who has had it for a while may conclude anything from silence.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Connection, PgPool};
use tokio::{
    sync::watch,
    time::{interval, timeout},
};
use tokio_util::sync::CancellationToken;

/// Time between two questions.
const PERIOD: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so long without an answer the database was away; or this process was.
const PAUSE: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Clone)]
pub struct Pulse {
    silent: watch::Receiver<bool>,
    contact: Arc<Mutex<Contact>>,
}

impl Pulse {
    /// Feels it until `stopping`. The database was there a moment ago.
    #[must_use]
    pub fn feel(pool: PgPool, stopping: CancellationToken) -> Self {
        let (says, silent) = watch::channel(false);
        let contact = Arc::new(Mutex::new(Contact::begin(Instant::now())));
        let this = Self { silent, contact };
        let feeling = this.clone();
        tokio::spawn(stopping.run_until_cancelled_owned(async move {
            let mut ticks = interval(PERIOD);
            loop {
                ticks.tick().await;
                let answer = timeout(PATIENCE, async { pool.acquire().await?.ping().await }).await;
                if matches!(answer, Ok(Ok(()))) {
                    feeling.contact().answered(Instant::now());
                }
                // A database that refuses is not silent: whoever asks it hears so at once.
                says.send_replace(matches!(answer, Err(_) | Ok(Err(sqlx::Error::PoolTimedOut))));
            }
        }));
        this
    }

    /// Comes back when the database says nothing.
    pub async fn lost(mut self) {
        if self.silent.wait_for(|silent| *silent).await.is_err() {
            // Nobody feels it any more: the controller stops, and finishes what it has begun.
            std::future::pending::<()>().await;
        }
    }

    /// For how long the database has answered this process without a pause.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        self.contact().lasted(Instant::now())
    }

    fn contact(&self) -> MutexGuard<'_, Contact> {
        self.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the database answered.
struct Contact {
    /// The first time after a pause.
    since: Instant,
    last: Instant,
}

impl Contact {
    fn begin(now: Instant) -> Self {
        Self { since: now, last: now }
    }

    fn answered(&mut self, now: Instant) {
        if self.is_lost(now) {
            self.since = now;
        }
        self.last = now;
    }

    /// Nothing when there is a pause now, noted already or not: a process that stood still may ask before it has noted.
    fn lasted(&self, now: Instant) -> Duration {
        if self.is_lost(now) { Duration::ZERO } else { now.saturating_duration_since(self.since) }
    }

    fn is_lost(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) > PAUSE
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Contact;

    #[test]
    fn a_pause_ends_it() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut contact = Contact::begin(begin);
        (1..=20).for_each(|second| contact.answered(at(second)));
        assert_eq!(contact.lasted(at(21)), Duration::from_secs(21));
        assert_eq!(contact.lasted(at(25)), Duration::from_secs(25));
        assert_eq!(contact.lasted(at(26)), Duration::ZERO, "who knows");
        contact.answered(at(80));
        assert_eq!(contact.lasted(at(81)), Duration::from_secs(1));
        contact.answered(at(84));
        assert_eq!(contact.lasted(at(84)), Duration::from_secs(4));
    }
}
