//! Answers that go on end when whoever asked may have them no longer.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, interval_at};

use super::extract::{Allowed, Right};
use crate::{auth::access, state::State};

/// How often it is asked.
const CHECK: Duration = Duration::from_secs(10);

/// Waits until the caller's token is good no more (revoked, expired, its user shut out) or the user has lost the right to
/// the app.
pub(super) fn lost<R: Right>(state: State, allowed: &Allowed<R>) -> impl Future<Output = ()> + Send + use<R> {
    let (caller, app) = (allowed.caller.clone(), allowed.app.id);
    async move {
        let mut ticks = interval_at(Instant::now() + CHECK, CHECK);
        loop {
            ticks.tick().await;
            // Whoever cannot be asked has not said no.
            if let Ok(false) = access::still(&state.pool, &caller, app, R::ACTION).await {
                return;
            }
        }
    }
}

/// Hands on what `stream` has until the right to it is [`lost`]. What is told last then is `last`.
pub(super) fn while_allowed<S, R>(
    state: State,
    allowed: &Allowed<R>,
    stream: S,
    last: Option<S::Item>,
) -> impl Stream<Item = S::Item> + Send + use<S, R>
where
    S: Stream<Item: Send> + Send + 'static,
    R: Right,
{
    let refused = Box::pin(lost(state, allowed));
    let stream = Box::pin(stream);
    stream::unfold(Some((stream, refused, last)), |reading| async move {
        let (mut stream, mut refused, last) = reading?;
        tokio::select! {
            // Before anything is told, however much there is.
            biased;
            () = &mut refused => last.map(|last| (last, None)),
            next = stream.next() => next.map(|next| (next, Some((stream, refused, last)))),
        }
    })
}
