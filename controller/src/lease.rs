//! Holding an app: the right to act for it, as a value.
//!
//! A task renews the lease while the value lives; before each call of the platform its holder asks [`Held::check`],
//! which knows by a monotonic clock whether the lease may still be trusted. Dropping the value stops renewing; giving it
//! up at once is [`Held::release`].

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    db::lease::{self, HoldError, Lease, RENEWAL},
    state::State,
};

/// No call is begun when less than this is left: longer than any call of the platform under the lease takes.
const MARGIN: Duration = Duration::from_secs(2);

/// The right to act for one app.
pub struct Held {
    /// What every transaction of the holder begins with.
    pub lease: Lease,
    until: Arc<Mutex<Instant>>,
    lost: CancellationToken,
    _renewal: AbortOnDropHandle<()>,
}

impl Held {
    /// Takes the lease; none when somebody else has it.
    pub async fn acquire(state: &State, app_id: i64) -> Result<Option<Self>, sqlx::Error> {
        let Some((lease, until)) = lease::acquire(&state.pool, app_id, state.process).await? else { return Ok(None) };
        let until = Arc::new(Mutex::new(until));
        let lost = CancellationToken::new();
        let renewal = tokio::spawn(renew(state.clone(), lease, until.clone(), lost.clone()));
        Ok(Some(Self { lease, until, lost, _renewal: AbortOnDropHandle::new(renewal) }))
    }

    /// Fails when the lease is lost, or so near its end that a call begun now might outlast it.
    pub fn check(&self) -> Result<(), HoldError> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if self.lost.is_cancelled() || Instant::now() + MARGIN > until { Err(HoldError::Lost) } else { Ok(()) }
    }

    /// Cancelled once the lease is lost: what runs beside it without limit stops then.
    #[must_use]
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// Gives the lease up, so that nobody has to wait for its end.
    pub async fn release(self, state: &State) {
        if let Err(error) = lease::release(&state.pool, self.lease).await {
            tracing::debug!(%error, app = self.lease.app_id, "a lease was left to run out");
        }
    }
}

async fn renew(state: State, lease: Lease, until: Arc<Mutex<Instant>>, lost: CancellationToken) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        match lease::renew(&state.pool, lease).await {
            Ok(Some(renewed)) => *until.lock().unwrap_or_else(PoisonError::into_inner) = renewed,
            // The database is away: the lease still stands until its end.
            Err(_) if Instant::now() < *until.lock().unwrap_or_else(PoisonError::into_inner) => {}
            Ok(None) | Err(_) => break,
        }
    }
    lost.cancel();
}
