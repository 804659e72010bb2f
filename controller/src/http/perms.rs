//! `/v2/apps/{id}/perms`: who may use an app beside its owner.

use api::types::{AppPerms, Grant};
use axum::{
    Json, Router,
    extract::Path,
    http::StatusCode,
    routing::{delete, get},
};

use super::{
    Slashed,
    body::Body,
    extract::{Allowed, Manage, Use},
    idempotency::Ticket,
    users,
};
use crate::{
    auth::access::{Action, forbidden},
    db::{self, audit, collaborator, event},
    error::Error,
    state::State,
};

pub(super) fn router() -> Router<State> {
    Router::new()
        .slashed("/v2/apps/{id}/perms", get(list).post(grant))
        .slashed("/v2/apps/{id}/perms/{username}", delete(revoke))
}

async fn list(state: State, allowed: Allowed<Use>) -> Result<Json<AppPerms>, Error> {
    let users = collaborator::list(&state.pool, allowed.app.id).await?;
    Ok(Json(AppPerms { users }))
}

async fn grant(state: State, allowed: Allowed<Manage>, Body(body): Body<Grant>) -> Result<StatusCode, Error> {
    let app = &allowed.app;
    let user = users::find(&state, &body.username).await?;
    let mut tx = db::begin(&state.pool).await?;
    if collaborator::insert(&mut *tx, app.id, user.id).await? {
        let line = format!("User {} was granted access to {}", user.username, app.name);
        event::add(&mut *tx, app.id, event::Level::Info, &line).await?;
        audit::insert(&mut *tx, allowed.did("perms:create", &user.username)).await?;
    }
    db::commit(tx).await?;
    Ok(StatusCode::CREATED)
}

/// The one DELETE that collaborators have: of themselves.
async fn revoke(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Path((_, username)): Path<(String, String)>,
) -> Result<StatusCode, Error> {
    let app = &allowed.app;
    if username != allowed.caller.username() {
        allowed.relation.require(Action::Manage)?;
    }
    let user = users::find(&state, &username).await?;
    let mut tx = db::begin(&state.pool).await?;
    if !collaborator::delete(&mut *tx, app.id, user.id).await? {
        return Err(forbidden());
    }
    let line = format!("User {username} was revoked access to {}", app.name);
    event::add(&mut *tx, app.id, event::Level::Info, &line).await?;
    audit::insert(&mut *tx, allowed.did("perms:delete", &username)).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    Ok(StatusCode::NO_CONTENT)
}
