//! Into the queue, and out of it with an outcome.

use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Actor, Patch, validate};
use crate::{
    db::{
        self,
        app::App,
        operation::{NewOperation, Status},
        release::Release,
        signal::{Signal, notify},
    },
    error::{Answer, Error},
    state::State,
    vault::{Place, Vault},
};

/// For how long an outcome is awaited although the database does not answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Puts `patch` into the app's queue and answers the operation's id.
pub async fn submit(state: &State, app: &App, actor: &Actor, patch: &Patch) -> Result<i64, Error> {
    let mut tx = db::begin(&state.pool).await?;
    let id = submit_in(&mut tx, &state.vault, app, actor, patch).await?;
    db::commit(tx).await?;
    Ok(id)
}

/// Same, in the caller's transaction.
pub async fn submit_in(
    tx: &mut PgConnection,
    vault: &Vault,
    app: &App,
    actor: &Actor,
    patch: &Patch,
) -> Result<i64, Error> {
    if let Patch::Config(patch) = patch {
        validate::config(patch)?;
    }
    let uuid = Uuid::now_v7();
    let plain = serde_json::to_vec(patch).map_err(anyhow::Error::from)?;
    let sealed = vault.seal(Place { app: app.uuid, row: uuid }, &plain)?;
    let new = NewOperation { uuid, app_id: app.id, kind: patch.kind(), patch: &sealed, user_id: actor.user_id };
    let id = db::operation::push(&mut *tx, new).await?.ok_or_else(|| queue_full(app))?;
    notify(tx, Signal::App(app.id)).await?;
    Ok(id)
}

fn queue_full(app: &App) -> Error {
    Error::TooMany {
        detail: format!(
            "{} changes of {} are waiting already. Try again when some are done.",
            db::operation::QUEUE,
            app.name
        ),
        retry_after: 5,
    }
}

/// Waits for the operation's outcome in the database, whoever does the work. An error is what the client is answered.
pub async fn wait(state: &State, id: i64) -> Result<Release, Answer> {
    let mut signals = state.signals.subscribe();
    let mut silent_since = None;
    loop {
        match outcome(state, id).await {
            Ok(Some(result)) => return result,
            Ok(None) => silent_since = None,
            Err(error) => {
                let since = *silent_since.get_or_insert_with(std::time::Instant::now);
                if since.elapsed() > PATIENCE {
                    return Err(Answer::from(&error));
                }
            }
        }
        signals.next(|signal| signal == Signal::Operation(id)).await;
    }
}

async fn outcome(state: &State, id: i64) -> Result<Option<Result<Release, Answer>>, Error> {
    match db::operation::status(&state.pool, id).await? {
        Some(Status::Open) => Ok(None),
        Some(Status::Done(release)) => Ok(Some(Ok(db::release::get(&state.pool, release).await?))),
        Some(Status::Failed(answer)) => Ok(Some(Err(answer))),
        None => Ok(Some(Err(Answer::from(&Error::Missing("App"))))),
    }
}
