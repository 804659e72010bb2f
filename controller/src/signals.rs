//! "Something changed": one LISTEN connection per process, handed on to whoever waits in memory.
//!
//! A signal is only a reason to look again; every waiter also looks each second by itself, so that a lost one costs a
//! second and never a result. Signals are sent inside the transaction that makes the change ([`crate::db::signal::notify`]).

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::db::signal::{CHANNEL, Signal};

/// More than this many unseen signals, and a waiter looks at everything.
const BACKLOG: usize = 1024;
/// Longest time between two looks.
pub const POLL: Duration = Duration::from_secs(1);
const RECONNECT: Duration = Duration::from_millis(500);

/// Where signals arrive.
#[derive(Clone)]
pub struct Signals {
    sender: broadcast::Sender<Signal>,
    stopping: CancellationToken,
}

impl Signals {
    /// Starts listening on `url`, a connection with session state; without one, waiters only poll.
    #[must_use]
    pub fn start(url: Option<String>, shutdown: CancellationToken) -> Self {
        let (sender, _) = broadcast::channel(BACKLOG);
        let this = Self { sender, stopping: shutdown };
        if let Some(url) = url {
            let Self { sender, stopping } = this.clone();
            tokio::spawn(async move {
                stopping.run_until_cancelled(listen(&url, &sender)).await;
            });
        }
        this
    }

    /// Cancelled when the controller stops: what would go on for long goes on at the next one.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// From now on. Dropped by whoever has seen enough.
    #[must_use]
    pub fn subscribe(&self) -> Waiter {
        Waiter(self.sender.subscribe())
    }
}

/// Waits for signals.
pub struct Waiter(broadcast::Receiver<Signal>);

impl Waiter {
    /// Returns at the next signal that `matters`, or after [`POLL`].
    pub async fn next(&mut self, matters: impl Fn(Signal) -> bool) {
        let _ = tokio::time::timeout(POLL, async {
            // Lagging behind means that something was missed: look again.
            while let Ok(signal) = self.0.recv().await {
                if matters(signal) {
                    break;
                }
            }
        })
        .await;
    }

    /// The next signal, or none when some were missed or nothing came for `patience`.
    pub async fn recv(&mut self, patience: Duration) -> Option<Signal> {
        tokio::time::timeout(patience, self.0.recv()).await.ok()?.ok()
    }
}

async fn listen(url: &str, sender: &broadcast::Sender<Signal>) {
    loop {
        if let Err(error) = listen_once(url, sender).await {
            tracing::warn!(%error, "lost the listening connection to the database; polling meanwhile");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn listen_once(url: &str, sender: &broadcast::Sender<Signal>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let notification = listener.recv().await?;
        if let Ok(signal) = serde_json::from_str(notification.payload()) {
            // Nobody waiting is fine.
            let _ = sender.send(signal);
        }
    }
}
