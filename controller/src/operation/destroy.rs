//! The end of an app.

use sqlx::PgConnection;

use super::Actor;
use crate::{
    db::{
        self,
        app::App,
        signal::{Signal, notify},
    },
    error::{Answer, Error},
    state::State,
};

/// Asks, when the transaction commits, for everything of the app to be deleted, cancels what waits, and takes it out of the routes. Its name and
/// domains are free at once.
pub async fn destroy(tx: &mut PgConnection, app: &App, actor: &Actor) -> Result<(), Error> {
    if !db::app::destroy(&mut *tx, app.id).await? {
        return Err(Error::Missing("App"));
    }
    let answer = Answer::from(&Error::Conflict(format!("{} destroyed {}", actor.username, app.name)));
    for operation in db::operation::cancel_all(&mut *tx, app.id, &answer).await? {
        notify(&mut *tx, Signal::Operation(operation)).await?;
    }
    let reason = format!("{} was destroyed by {}.", app.name, actor.username);
    for push in db::push::cancel(&mut *tx, app.id, None, &reason).await? {
        notify(&mut *tx, Signal::Push(push)).await?;
    }
    db::domain::delete_all(&mut *tx, app.id).await?;
    db::route::put(&mut *tx, app.uuid, None).await?;
    notify(&mut *tx, Signal::Routes).await?;
    Ok(notify(tx, Signal::App(app.id)).await?)
}

/// Waits until nothing of the destroyed app is left, for at most `patience`. False when something still is.
pub async fn wait_gone(state: &State, app: &App, patience: std::time::Duration) -> Result<bool, Error> {
    let mut signals = state.signals.subscribe();
    let begun = std::time::Instant::now();
    while db::app::id_of(&state.pool, app.uuid).await?.is_some() {
        if begun.elapsed() > patience {
            return Ok(false);
        }
        signals.next(|signal| signal == Signal::App(app.id)).await;
    }
    Ok(true)
}
