//! The queue of builds: as many at a time as the operator chose, over all controllers, fair between apps.

use std::time::Instant;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{job, sweep};
use crate::{
    db::{
        push_queue::{self, Lease},
        signal::Signal,
    },
    lease::Held,
    state::State,
};

/// Works on pushes until `shutdown`, then gives up all leases.
pub async fn run(state: State, shutdown: CancellationToken) {
    let queue = Queue { state, shutdown, jobs: TaskTracker::new() };
    let ways = async { tokio::join!(queue.follow(), sweep::run(&queue.state)) };
    queue.shutdown.run_until_cancelled(ways).await;
    queue.jobs.close();
    queue.jobs.wait().await;
}

struct Queue {
    state: State,
    shutdown: CancellationToken,
    jobs: TaskTracker,
}

impl Queue {
    async fn follow(&self) {
        let mut signals = self.state.signals.subscribe();
        loop {
            while self.take().await {}
            signals.next(|signal| matches!(signal, Signal::Push(_))).await;
        }
    }

    /// Starts work on one push more; false when there is none to be had.
    async fn take(&self) -> bool {
        match self.claim().await {
            Ok(Some((lease, until))) => {
                let held = Held::keep(&self.state, lease, until);
                let (state, shutdown) = (self.state.clone(), self.shutdown.clone());
                self.jobs.spawn(async move { job::work(&state, held, &shutdown).await });
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(%error, "the queue of builds cannot be looked at; trying again");
                false
            }
        }
    }

    async fn claim(&self) -> Result<Option<(Lease, Instant)>, sqlx::Error> {
        if let Some(adopted) = push_queue::adopt(&self.state.pool, self.state.process).await? {
            return Ok(Some(adopted));
        }
        push_queue::start_next(&self.state.pool, self.state.process, self.state.settings.builds).await
    }
}
