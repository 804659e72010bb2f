//! `/v2/admin/perms`: who administers the platform.

use api::types::{AdminUser, Grant, Page};
use axum::{Json, http::StatusCode, response::NoContent};

use super::{
    body::Body,
    extract::{Admin, Path},
    idempotency::Ticket,
    page::Paging,
    route::{Routes, delete, get},
    users,
};
use crate::{
    db::{self, audit, user},
    error::Error,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed(
            "/v2/admin/perms",
            get("Administrators", list)
                .post("Make a user an administrator", grant)
                .with(|operation| operation.answers_nothing(201))
                .may_refuse([404]),
        )
        .slashed(
            "/v2/admin/perms/{username}",
            delete("Make an administrator a user like others", revoke).may_refuse([409]),
        )
}

async fn list(state: State, _: Admin, paging: Paging) -> Result<Json<Page<AdminUser>>, Error> {
    let count = user::count_admins(&state.pool).await?;
    let names = user::list_admins(&state.pool, paging.limit, paging.offset).await?;
    let admins = names.into_iter().map(|username| AdminUser { username, is_superuser: true });
    Ok(paging.page(count, admins.collect()))
}

async fn grant(state: State, Admin(caller): Admin, Body(body): Body<Grant>) -> Result<StatusCode, Error> {
    let user = users::find(&state, &body.username).await?;
    let mut tx = db::begin(&state.pool).await?;
    user::set_superuser(&mut *tx, user.id, true).await?;
    audit::insert(&mut *tx, caller.did("admin:create", None, &user.username)).await?;
    db::commit(tx).await?;
    Ok(StatusCode::CREATED)
}

async fn revoke(
    state: State,
    Admin(caller): Admin,
    ticket: Ticket,
    Path(username): Path<String>,
) -> Result<NoContent, Error> {
    let target = users::find(&state, &username).await?;
    let mut tx = db::begin(&state.pool).await?;
    // Of two administrators who revoke each other, one stays.
    user::lock_all(&mut *tx).await?;
    let user = user::find(&mut *tx, &target.username).await?.ok_or(Error::Missing("User"))?;
    if user.is_superuser && user::count_admins(&mut *tx).await? == 1 {
        return Err(last_admin(&username));
    }
    user::set_superuser(&mut *tx, user.id, false).await?;
    audit::insert(&mut *tx, caller.did("admin:delete", None, &username)).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}

/// Nobody could make another one.
pub(super) fn last_admin(username: &str) -> Error {
    Error::Conflict(format!("{username} is the only administrator. Make another user one first."))
}
