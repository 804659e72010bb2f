//! The end of a build that somebody asked for.

use std::time::Duration;

use tokio::time::Instant;

use super::source;
use crate::{
    db::{
        self,
        app::App,
        audit::{self, Entry},
        push::{Push, State as PushState},
        signal::{Signal, notify},
    },
    error::Error,
    state::State,
};

/// Time in which a build ends once it was asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends the build of a push before it is deployed, and waits until it has ended. `entry` is written with the request.
pub async fn cancel(state: &State, app: &App, push: &Push, entry: Entry<'_>) -> Result<(), Error> {
    let reason = format!("{} cancelled the build.", entry.username);
    let mut tx = db::begin(&state.pool).await?;
    let news = db::push::cancel(&mut *tx, app.id, Some(push.id), &reason).await?;
    if !news.is_empty() {
        audit::insert(&mut *tx, entry).await?;
        notify(&mut *tx, Signal::Push(push.id)).await?;
    }
    db::commit(tx).await?;
    await_end(state, push).await
}

async fn await_end(state: &State, push: &Push) -> Result<(), Error> {
    let (mut signals, until) = (state.signals.subscribe(), Instant::now() + PATIENCE);
    loop {
        let Some(now) = db::push::find(&state.pool, push.uuid).await? else { return Ok(()) };
        match now.state {
            PushState::Cancelled => {
                source::remove(state, push.uuid);
                return Ok(());
            }
            PushState::Building if now.cancel_requested && Instant::now() < until => {}
            // It will be ended as soon as the platform answers.
            PushState::Queued | PushState::Building => return Ok(()),
            PushState::Deploying => return Err(Error::Conflict(DEPLOYING.to_owned())),
            PushState::Done | PushState::Failed => return Err(Error::Conflict(OVER.to_owned())),
        }
        signals.next(|signal| signal == Signal::Push(push.id)).await;
    }
}

const DEPLOYING: &str = "The image is built already, and its release is being rolled out. \
                         Wait for its end; a release is undone with: mycli rollback";
/// What is said of a build that has ended.
pub const OVER: &str = "The build has ended already.";
