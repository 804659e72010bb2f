//! Follows the controller's route stream for as long as the router runs.

use std::{sync::Arc, time::Duration};

use api::routes::{HEARTBEAT_SECS, RouteEvent};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Internal, Replica,
    lines::Lines,
    replica::{Effect, Refused},
};
use crate::shared::Shared;

/// Silence after which the stream counts as broken: two heartbeats may come late.
const SILENCE: Duration = Duration::from_secs(3 * HEARTBEAT_SECS);
/// Pause before connecting again after the first failure; doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause: a controller that is back is to be followed within five seconds.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Where the router stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    pub replica: Arc<Replica>,
    /// The stream is open and has brought the table up to date.
    pub connected: bool,
}

/// Reads the stream and keeps the table by it.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    internal: Internal,
    replica: Replica,
    standing: watch::Sender<Standing>,
}

impl Follower {
    pub fn new(shared: Arc<Shared>, internal: Internal, replica: Replica, standing: watch::Sender<Standing>) -> Self {
        Self { shared, internal, replica, standing }
    }

    /// Follows the stream until `stop`; whatever happens to it, the table stays.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(result) = stop.run_until_cancelled(self.follow()).await else { return };
            let was_connected = self.disconnected();
            if let Err(error) = result {
                report(&error, was_connected);
            }
            pause = if was_connected { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Notes that the stream is gone; true if it had been of use.
    fn disconnected(&mut self) -> bool {
        self.replica.interrupt();
        let before = self.standing.borrow().clone();
        self.standing.send_replace(Standing { connected: false, ..before }).connected
    }

    async fn follow(&mut self) -> anyhow::Result<()> {
        let answer = self.internal.routes(self.replica.epoch, self.replica.version).await?;
        let mut lines = Lines::new(answer);
        loop {
            let next = tokio::time::timeout(SILENCE, lines.next()).await;
            let next = next.map_err(|_elapsed| anyhow::anyhow!("the controller has stopped sending heartbeats"))??;
            let Some(batch) = next else { return Ok(()) };
            let mut effect = Effect::None;
            for line in batch {
                let event: RouteEvent = serde_json::from_slice(&line)?;
                effect = effect.max(self.replica.apply(event)?);
            }
            self.publish(effect);
        }
    }

    /// Puts all changes that came together in place at once.
    fn publish(&mut self, effect: Effect) {
        if effect == Effect::None {
            return;
        }
        if effect == Effect::Changed {
            self.shared.publish(&self.replica.apps);
        }
        let replica = Arc::new(self.replica.clone());
        self.standing.send_replace(Standing { replica, connected: true });
    }
}

fn report(error: &anyhow::Error, was_connected: bool) {
    let error_text = format!("{error:#}");
    if error.is::<Refused>() {
        tracing::error!(error = error_text, "refused the route stream");
    } else if was_connected {
        tracing::warn!(error = error_text, "lost the route stream; serving the last good table");
    } else {
        tracing::debug!(error = error_text, "cannot follow the route stream");
    }
}
