//! Changes that make a release, as requests see them: queued once, and answered with their outcome.

use super::{extract::Allowed, idempotency::Ticket};
use crate::{
    db::{
        audit::{self, Entry},
        release::Release,
    },
    error::Error,
    operation::{self, Patch},
    state::State,
};

/// Queues the change and waits for the release it makes. The request's idempotency key and audit row are written with
/// it; a request that was sent again waits for what it started the first time.
pub(super) async fn outcome<R>(
    state: &State,
    allowed: &Allowed<R>,
    ticket: &Ticket,
    patch: &Patch,
    entry: Entry<'_>,
) -> Result<Release, Error> {
    let id = match ticket.operation() {
        Some(id) => id,
        None => submit(state, allowed, ticket, patch, entry).await?,
    };
    Ok(operation::wait(state, id).await?)
}

async fn submit<R>(
    state: &State,
    allowed: &Allowed<R>,
    ticket: &Ticket,
    patch: &Patch,
    entry: Entry<'_>,
) -> Result<i64, Error> {
    let mut tx = state.pool.begin().await?;
    let id = operation::submit_in(&mut tx, &state.vault, &allowed.app, &allowed.actor(), patch).await?;
    ticket.attach(&mut tx, id).await?;
    audit::insert(&mut *tx, entry).await?;
    tx.commit().await?;
    Ok(id)
}
