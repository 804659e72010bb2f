//! The end of a process by signal: the first one asks for an orderly stop. SIGTERM says that once or many times, because
//! a supervisor cannot know what the one before it has sent; a SIGINT after that does not wait for it.

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

    /// Runs `work`, whose token the first signal cancels; a SIGINT after that is an error.
    pub async fn govern<T, F: Future<Output = Result<T>>>(
        mut self,
        work: impl FnOnce(CancellationToken) -> F,
    ) -> Result<T> {
        let token = CancellationToken::new();
        let work = work(token.clone());
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return result,
                _ = self.term.recv() => stop(&token),
                _ = self.int.recv() => {
                    if token.is_cancelled() {
                        bail!("stopped at once by SIGINT");
                    }
                    stop(&token);
                }
            }
        }
    }
}

fn stop(token: &CancellationToken) {
    if !token.is_cancelled() {
        tracing::info!("stopping in order; SIGINT (Ctrl-C) stops at once");
        token.cancel();
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};
    use tokio::{
        sync::mpsc,
        time::{Duration, timeout},
    };

    use super::*;

    /// One test, because signals are the whole process's.
    #[tokio::test]
    async fn sigterm_may_come_again_and_sigint_is_impatient() {
        let (told, mut stopping) = mpsc::unbounded_channel();
        let work = async move |token: CancellationToken| {
            token.cancelled().await;
            let _ = told.send(());
            std::future::pending::<Result<()>>().await
        };
        let mut governed = std::pin::pin!(Signals::take().unwrap().govern(work));
        kill_process(getpid(), Signal::TERM).unwrap();
        tokio::select! {
            ended = &mut governed => panic!("{ended:?}"),
            _ = stopping.recv() => {}
        }
        kill_process(getpid(), Signal::TERM).unwrap();
        assert!(timeout(Duration::from_millis(100), &mut governed).await.is_err());
        kill_process(getpid(), Signal::INT).unwrap();
        let ended = timeout(Duration::from_secs(10), governed).await.unwrap();
        assert_eq!(ended.unwrap_err().to_string(), "stopped at once by SIGINT");
    }
}
