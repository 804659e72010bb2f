//! Changes that make a release, as requests see them: queued once, and answered with their outcome.

use super::{extract::Allowed, idempotency::Ticket};
use crate::{
    db::{
        self,
        app::App,
        audit::{self, Entry},
        release::Release,
    },
    error::Error,
    operation::{self, Actor, Patch},
    state::State,
};

/// A change that somebody asks for.
pub(super) struct Change<'a> {
    /// Of which app.
    pub(super) app: &'a App,
    /// Who asks.
    pub(super) actor: &'a Actor,
    /// What for.
    pub(super) patch: &'a Patch,
    /// Its audit row.
    pub(super) entry: Entry<'a>,
}

/// Queues the caller's change and waits for the release it makes.
pub(super) async fn outcome<R>(
    state: &State,
    allowed: &Allowed<R>,
    ticket: &Ticket,
    patch: &Patch,
    entry: Entry<'_>,
) -> Result<Release, Error> {
    wait(state, ticket, Change { app: &allowed.app, actor: &allowed.actor(), patch, entry }).await
}

/// Queues the change and waits for the release it makes. The request's idempotency key and audit row are written with
/// it; a request that was sent again waits for what it started the first time.
pub(super) async fn wait(state: &State, ticket: &Ticket, change: Change<'_>) -> Result<Release, Error> {
    let id = match ticket.operation() {
        Some(id) => id,
        None => submit(state, ticket, change).await?,
    };
    Ok(operation::wait(state, id).await?)
}

async fn submit(state: &State, ticket: &Ticket, change: Change<'_>) -> Result<i64, Error> {
    let mut tx = db::begin(&state.pool).await?;
    let id = operation::submit_in(&mut tx, &state.vault, change.app, change.actor, change.patch).await?;
    ticket.attach(&mut tx, id).await?;
    audit::begin(&mut *tx, change.entry, id).await?;
    db::commit(tx).await?;
    Ok(id)
}
