//! The app's push lock, held: renewed for as long as the push lasts.

use std::time::Duration;

use api::push::{LOCK_RENEWAL_SECS, LOCK_SECS, Lock};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::client::{Controller, Error};

const RENEWAL: Duration = Duration::from_secs(LOCK_RENEWAL_SECS);
const LEASE: Duration = Duration::from_secs(LOCK_SECS);

/// A lock that is held. Dropped, it becomes free by itself after a while.
pub(super) struct Held {
    controller: Controller,
    lock: Lock,
    lost: CancellationToken,
    renewal: AbortOnDropHandle<()>,
}

impl Held {
    /// Takes the lock; nothing when another push has it.
    pub async fn take(controller: &Controller, lock: Lock) -> Result<Option<Self>, Error> {
        let taken = Instant::now();
        if !controller.lock(&lock).await? {
            return Ok(None);
        }
        let (controller, lost) = (controller.clone(), CancellationToken::new());
        let renewal = renew(controller.clone(), lock.clone(), taken, lost.clone());
        let renewal = AbortOnDropHandle::new(tokio::spawn(renewal));
        Ok(Some(Self { controller, lock, lost, renewal }))
    }

    /// Cancelled when somebody else may have it.
    pub fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// Gives it up.
    pub async fn release(self) {
        drop(self.renewal);
        if let Err(error) = self.controller.unlock(&self.lock).await {
            tracing::warn!(%error, app = %self.lock.app, "cannot give up a push lock: it is free in {LOCK_SECS} s");
        }
    }
}

async fn renew(controller: Controller, lock: Lock, mut renewed: Instant, lost: CancellationToken) {
    let mut ticks = interval_at(renewed + RENEWAL, RENEWAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        match controller.lock(&lock).await {
            Ok(true) => renewed = asked,
            Ok(false) => break,
            Err(error) => tracing::warn!(%error, app = %lock.app, "cannot renew a push lock"),
        }
        if renewed.elapsed() >= LEASE {
            break;
        }
    }
    lost.cancel();
}
