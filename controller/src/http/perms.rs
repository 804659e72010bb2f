//! `/v2/apps/{id}/perms`: who may use an app beside its owner.

use api::types::{AppPerms, Grant};
use axum::{Json, http::StatusCode, response::NoContent};

use super::{
    body::Body,
    extract::{Allowed, Manage, Path, Use},
    idempotency::Ticket,
    route::{Routes, delete, get},
    users,
};
use crate::{
    auth::access::{Action, forbidden},
    db::{self, audit, collaborator, event},
    error::Error,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed(
            "/v2/apps/{id}/perms",
            get("Collaborators", list)
                .post("Make a user a collaborator", grant)
                .with(|operation| operation.answers_nothing(201)),
        )
        .slashed("/v2/apps/{id}/perms/{username}", delete("Make a user a collaborator no longer", revoke))
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
) -> Result<NoContent, Error> {
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
    Ok(NoContent)
}
