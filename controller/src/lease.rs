//! Holding an app, or a push: the right to act for it, as a value.
//!
//! A task renews the lease while the value lives. Calls of the platform are made through [`Held::within`], which cuts them
//! off, by a monotonic clock, at the moment when the lease may no longer be trusted. Dropping the value stops renewing;
//! giving it up at once is [`Held::release`].

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use async_trait::async_trait;
use sqlx::PgPool;
use tokio::{sync::watch, time::Instant};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    db::{
        drain_sender,
        lease::{self, HoldError, Lease, RENEWAL},
        push_queue,
    },
    state::State,
};

/// Time until the next try at a renewal that the database did not answer.
const RETRY: Duration = Duration::from_millis(500);

/// A row that says who may act for what.
#[async_trait]
pub trait Renewable: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Prolongs it. The instant is a point before which it is certainly ours; none when it is lost.
    async fn renew(self, pool: &PgPool) -> Result<Option<std::time::Instant>, sqlx::Error>;

    /// Gives it up.
    async fn release(self, pool: &PgPool) -> Result<(), sqlx::Error>;
}

#[async_trait]
impl Renewable for Lease {
    async fn renew(self, pool: &PgPool) -> Result<Option<std::time::Instant>, sqlx::Error> {
        lease::renew(pool, self).await
    }

    async fn release(self, pool: &PgPool) -> Result<(), sqlx::Error> {
        lease::release(pool, self).await
    }
}

#[async_trait]
impl Renewable for push_queue::Lease {
    async fn renew(self, pool: &PgPool) -> Result<Option<std::time::Instant>, sqlx::Error> {
        push_queue::renew(pool, self).await
    }

    async fn release(self, pool: &PgPool) -> Result<(), sqlx::Error> {
        push_queue::release(pool, self).await
    }
}

#[async_trait]
impl Renewable for drain_sender::Lease {
    async fn renew(self, pool: &PgPool) -> Result<Option<std::time::Instant>, sqlx::Error> {
        drain_sender::renew(pool, self).await
    }

    async fn release(self, pool: &PgPool) -> Result<(), sqlx::Error> {
        drain_sender::release(pool, self).await
    }
}

/// The right to act for one app, or one push, or to send to all drains.
pub struct Held<L = Lease> {
    /// What every transaction of the holder begins with.
    pub lease: L,
    lost: CancellationToken,
    /// Until when it is certainly ours.
    until: watch::Receiver<Instant>,
    _renewal: AbortOnDropHandle<()>,
}

impl Held {
    /// Takes the lease; none when somebody else has it.
    pub async fn acquire(state: &State, app_id: i64) -> Result<Option<Self>, sqlx::Error> {
        let taken = lease::acquire(&state.pool, app_id, state.process).await?;
        Ok(taken.map(|(lease, until)| Self::keep(state, lease, until)))
    }
}

impl<L: Renewable> Held<L> {
    /// Keeps a lease that was taken and is certainly ours until then.
    pub fn keep(state: &State, lease: L, until: std::time::Instant) -> Self {
        let lost = CancellationToken::new();
        let (renewed, until) = watch::channel(until.into());
        let renewal = tokio::spawn(renew(state.clone(), lease, renewed, lost.clone()));
        Self { lease, lost, until, _renewal: AbortOnDropHandle::new(renewal) }
    }

    /// Makes a call that nobody but the holder may make; cut off when the lease is lost.
    pub async fn within<T>(&self, call: impl Future<Output = T>) -> Result<T, HoldError> {
        let mut call = pin!(call);
        // A process that stood still may come by here before its timers have told the renewal.
        let while_ours = poll_fn(|context| {
            if Instant::now() >= *self.until.borrow() {
                return Poll::Ready(Err(HoldError::Lost));
            }
            call.as_mut().poll(context).map(Ok)
        });
        tokio::select! {
            biased;
            () = self.lost.cancelled() => Err(HoldError::Lost),
            answer = while_ours => answer,
        }
    }

    /// Cancelled once the lease is lost: what runs beside it without limit stops then.
    #[must_use]
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// Gives the lease up, so that nobody has to wait for its end.
    pub async fn release(self, state: &State) {
        if let Err(error) = self.lease.release(&state.pool).await {
            tracing::debug!(%error, lease = ?self.lease, "a lease was left to run out");
        }
    }
}

/// Renews until that fails. A database that is away is no failure yet: the lease stands until its end.
async fn renew(state: State, lease: impl Renewable, renewed: watch::Sender<Instant>, lost: CancellationToken) {
    let _lost = lost.drop_guard();
    let mut pause = RENEWAL;
    loop {
        let until = *renewed.borrow();
        tokio::time::sleep_until(until.min(Instant::now() + pause)).await;
        match tokio::time::timeout_at(until, lease.renew(&state.pool)).await {
            Ok(Ok(Some(until))) => {
                renewed.send_replace(until.into());
                pause = RENEWAL;
            }
            Ok(Err(_)) => pause = RETRY,
            Ok(Ok(None)) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use sqlx::PgPool;
    use uuid::Uuid;

    use super::*;
    use crate::{db, worker::tests::Story};

    /// Whoever lost a lease writes nothing more, whether somebody else has taken it or it has only run out.
    #[sqlx::test(migrations = "../migrations")]
    async fn only_the_holder_begins_a_transaction(pool: PgPool) {
        let story = Story::begin(pool).await;
        let app = story.app_named("blog").await;
        let [one, other] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        // So long that nobody else takes it meanwhile.
        let give = async |owner: Uuid, fence: i64, hours: i32| {
            sqlx::query(
                "update apps set lease_owner = $1, lease_fence = $2, lease_until = now() + $3 * interval '1 hour'",
            )
            .bind(owner)
            .bind(fence)
            .bind(hours)
            .execute(&story.state.pool)
            .await
            .unwrap();
        };
        let holds = async |owner: Uuid, fence: i64| {
            let mut tx = db::begin(&story.state.pool).await.unwrap();
            let held = lease::hold(&mut tx, Lease { app_id: app.id, owner, fence }).await;
            assert!(matches!(held, Ok(()) | Err(HoldError::Lost)), "{held:?}");
            held.is_ok()
        };
        give(one, 100, 1).await;
        assert!(holds(one, 100).await);
        give(other, 101, 1).await;
        assert!(!holds(one, 100).await && !holds(one, 101).await && !holds(other, 100).await);
        assert!(holds(other, 101).await);
        story.stop.cancel();
        give(other, 1000, -1).await;
        assert!(!holds(other, 1000).await, "it has run out");
    }

    /// A process that stood still goes on before its renewal has had the time to notice.
    #[sqlx::test(migrations = "../migrations")]
    async fn no_call_is_made_once_the_lease_may_be_somebody_elses(pool: PgPool) {
        let story = Story::begin(pool).await;
        let lease = Lease { app_id: 1, owner: story.state.process, fence: 1 };
        let held = Held::keep(&story.state, lease, Instant::now());
        let mut called = false;
        let answer = held.within(async { called = true }).await;
        assert!(matches!(answer, Err(HoldError::Lost)) && !called);
    }
}
