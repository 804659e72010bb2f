//! `DELETE /v2/auth/cancel`: one's own account, or for administrators anybody's.

use api::types::CancelAccount;
use axum::response::NoContent;

use super::super::{admin::last_admin, body::Body, certs::take_off, idempotency::Ticket};
use crate::{
    auth::Caller,
    db::{self, audit, user},
    error::Error,
    state::State,
};

pub(super) async fn cancel(
    state: State,
    caller: Caller,
    ticket: Ticket,
    Body(body): Body<CancelAccount>,
) -> Result<NoContent, Error> {
    let target = super::target(&state, &caller, body.username.as_deref()).await?;
    let mut tx = db::begin(&state.pool).await?;
    user::lock_all(&mut *tx).await?;
    let target = user::find(&mut *tx, &target.username).await?.ok_or(Error::Missing("User"))?;
    let is_last_admin = target.is_superuser && user::count_admins(&mut *tx).await? == 1;
    // Alone, the last administrator may leave the installation as it was found.
    if is_last_admin && user::count(&mut *tx).await? > 1 {
        return Err(last_admin(&target.username));
    }
    user::hand_over(&mut *tx, target.id).await?;
    take_off(&mut tx, &caller, target.id, None).await?;
    user::delete(&mut *tx, target.id, &target.username).await?;
    audit::insert(&mut *tx, caller.did("auth:cancel", None, &target.username)).await?;
    // One's own keys went with the account.
    if target.id != caller.user.id {
        ticket.deleted(&mut tx).await?;
    }
    db::commit(tx).await?;
    Ok(NoContent)
}
