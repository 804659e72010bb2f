//! Holding an app: the right to act for it, as a value.
//!
//! A task renews the lease while the value lives. Calls of the platform are made through [`Held::within`], which cuts them
//! off, by a monotonic clock, at the moment when the lease may no longer be trusted. Dropping the value stops renewing;
//! giving it up at once is [`Held::release`].

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    db::lease::{self, HoldError, Lease, RENEWAL},
    state::State,
};

/// Time until the next try at a renewal that the database did not answer.
const RETRY: Duration = Duration::from_millis(500);

/// The right to act for one app.
pub struct Held {
    /// What every transaction of the holder begins with.
    pub lease: Lease,
    lost: CancellationToken,
    _renewal: AbortOnDropHandle<()>,
}

impl Held {
    /// Takes the lease; none when somebody else has it.
    pub async fn acquire(state: &State, app_id: i64) -> Result<Option<Self>, sqlx::Error> {
        let Some((lease, until)) = lease::acquire(&state.pool, app_id, state.process).await? else { return Ok(None) };
        let lost = CancellationToken::new();
        let renewal = tokio::spawn(renew(state.clone(), lease, until.into(), lost.clone()));
        Ok(Some(Self { lease, lost, _renewal: AbortOnDropHandle::new(renewal) }))
    }

    /// Makes a call that nobody but the holder may make; cut off when the lease is lost.
    pub async fn within<T>(&self, call: impl Future<Output = T>) -> Result<T, HoldError> {
        tokio::select! {
            biased;
            () = self.lost.cancelled() => Err(HoldError::Lost),
            answer = call => Ok(answer),
        }
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

/// Renews until that fails. A database that is away is no failure yet: the lease stands until its end.
async fn renew(state: State, lease: Lease, mut until: Instant, lost: CancellationToken) {
    let _lost = lost.drop_guard();
    let mut pause = RENEWAL;
    loop {
        tokio::time::sleep_until(until.min(Instant::now() + pause)).await;
        match tokio::time::timeout_at(until, lease::renew(&state.pool, lease)).await {
            Ok(Ok(Some(renewed))) => (until, pause) = (renewed.into(), RENEWAL),
            Ok(Err(_)) => pause = RETRY,
            Ok(Ok(None)) | Err(_) => return,
        }
    }
}
