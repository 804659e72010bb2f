//! What a build wrote, in whole lines where there are any.

use std::time::Duration;

use api::sandbox::{BuildState, BuildView, LOG_CHUNK};
use bytes::Bytes;
use futures_util::{Stream, stream};
use uuid::Uuid;

use crate::{
    db::{self, push::Push, signal::Signal},
    error::Error,
    outage, platform,
    signals::Waiter,
    state::State,
};

/// Time between two looks at a build that runs.
pub const LOOK: Duration = Duration::from_millis(250);
/// For how long a platform is asked in vain for the rest of a log.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A place in a build's log.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    build: Uuid,
    /// Offset behind what was read.
    pub next: u64,
}

/// What was found at that place.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The next part of the log; empty when there is nothing new.
    pub text: String,
    /// Nothing will follow.
    pub is_end: bool,
}

impl Reader {
    /// Reads the log of `build` from `next` on.
    #[must_use]
    pub fn new(build: Uuid, next: u64) -> Self {
        Self { build, next }
    }

    /// Reads on.
    pub async fn read(&mut self, state: &State) -> Result<Found, platform::Error> {
        let view = state.platform.look_build(self.build, self.next).await?;
        let ended = view.state != BuildState::Running;
        let is_end = ended && view.log.is_empty();
        let (text, next) = whole_lines(view, self.next, ended);
        self.next = next;
        Ok(Found { text, is_end })
    }
}

/// The part of a view that ends with a line, as far as that can be told, and the offset behind it.
fn whole_lines(view: BuildView, from: u64, ended: bool) -> (String, u64) {
    let BuildView { log: mut text, next, .. } = view;
    if text.is_empty() {
        return (text, from);
    }
    // Bytes that are no text were replaced: only the platform knows where they end.
    let is_exact = next.checked_sub(from) == Some(text.len() as u64);
    let last = text.rfind('\n').map(|at| at + 1);
    match last {
        Some(end) if is_exact => text.truncate(end),
        None if is_exact && !ended && text.len() < LOG_CHUNK / 2 => text.clear(),
        _ => return (text, next),
    }
    let next = from + text.len() as u64;
    (text, next)
}

/// The whole log as it is now.
pub async fn whole(state: &State, push: &Push) -> Result<String, Error> {
    let (mut reader, mut log) = (Reader::new(push.uuid, 0), String::new());
    loop {
        let found = reader.read(state).await.map_err(outage::builds_unavailable)?;
        if found.text.is_empty() {
            return Ok(log);
        }
        log.push_str(&found.text);
    }
}

/// Why a log breaks off before its end. Who follows it asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// This controller stops.
    #[error("the controller stops")]
    Stopping,
    /// Who follows it may no longer.
    #[error("the log may be read no longer")]
    Forbidden,
    /// The platform does not answer.
    #[error("the log cannot be read")]
    Unreadable,
}

/// The log from its beginning, and on as the build writes it, to its end; it ends with an error when it breaks off.
pub fn follow(state: State, push: &Push) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
    let signals = state.signals.subscribe();
    let follower = Follower { reader: Reader::new(push.uuid, 0), push: push.uuid, state, signals };
    stream::unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        let stopping = follower.state.signals.stopping();
        let next = stopping.run_until_cancelled(follower.next()).await;
        match next.unwrap_or(Err(Broken::Stopping)) {
            Ok(text) => Some((Ok(text?.into()), Some(follower))),
            Err(broken) => Some((Err(broken), None)),
        }
    })
}

struct Follower {
    state: State,
    signals: Waiter,
    push: Uuid,
    reader: Reader,
}

impl Follower {
    async fn next(&mut self) -> Result<Option<String>, Broken> {
        let mut silent_since = tokio::time::Instant::now();
        loop {
            // Read before the log: what is written after the last look at the row is found.
            let push = db::push::find(&self.state.pool, self.push).await;
            match self.reader.read(&self.state).await {
                Ok(found) if !found.text.is_empty() => return Ok(Some(found.text)),
                Ok(found) => {
                    let is_over = matches!(&push, Ok(push) if push.as_ref().is_none_or(|push| !push.state.may_write()));
                    if found.is_end && is_over {
                        return Ok(None);
                    }
                    silent_since = tokio::time::Instant::now();
                }
                Err(error) if silent_since.elapsed() > PATIENCE => {
                    tracing::warn!(%error, "the log of a build cannot be followed");
                    return Err(Broken::Unreadable);
                }
                Err(_) => {}
            }
            let changed = self.signals.next(|signal| matches!(signal, Signal::Push(_)));
            let _ = tokio::time::timeout(LOOK, changed).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(log: &str, next: u64, ended: bool) -> (String, u64) {
        let view = BuildView { state: BuildState::Running, log: log.to_owned(), next };
        whole_lines(view, 10, ended)
    }

    #[test]
    fn lines_come_whole() {
        assert_eq!(read("one\ntwo\nth", 20, false), ("one\ntwo\n".to_owned(), 18));
        assert_eq!(read("th", 12, false), (String::new(), 10), "its end may come");
        assert_eq!(read("th", 12, true), ("th".to_owned(), 12), "its end will not come");
        assert_eq!(read("", 10, true), (String::new(), 10));
        let long = "x".repeat(LOG_CHUNK);
        assert_eq!(read(&long, 10 + LOG_CHUNK as u64, false).0.len(), LOG_CHUNK);
    }

    #[test]
    fn what_was_no_text_is_not_cut() {
        assert_eq!(read("one\n\u{fffd}", 15, false), ("one\n\u{fffd}".to_owned(), 15));
    }
}
