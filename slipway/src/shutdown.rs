//! The end of a process by signal: the first one asks for an orderly stop, the second one does not wait for it.

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// SIGTERM and SIGINT.
pub struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    /// From now on they no longer end the process by themselves.
    pub fn take() -> Result<Self> {
        let take = |kind| signal(kind).context("cannot handle signals");
        Ok(Self { term: take(SignalKind::terminate())?, int: take(SignalKind::interrupt())? })
    }

    /// Runs `work`, whose token the first signal cancels; the second one is an error.
    pub async fn govern<F: Future<Output = Result<()>>>(
        mut self,
        work: impl FnOnce(CancellationToken) -> F,
    ) -> Result<()> {
        let token = CancellationToken::new();
        let work = work(token.clone());
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return result,
                () = self.next() => {
                    if token.is_cancelled() {
                        bail!("stopped at once by a second signal");
                    }
                    tracing::info!("stopping in order; a second signal stops at once");
                    token.cancel();
                }
            }
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}
