//! `/v2/apps`

use std::time::Duration;

use api::{
    names::AppName,
    types::{App, CreateApp, Page, UpdateApp},
};
use axum::{Json, http::StatusCode, response::NoContent};

use super::{
    body::Body,
    extract::{Allowed, Manage, Use},
    idempotency::Ticket,
    page::Paging,
    route::{Created, Routes, get},
    users,
};
use crate::{
    auth::{Caller, access::Action},
    db::{self, app, audit, build, build::Procfile},
    error::Error,
    operation::{self, Actor},
    state::State,
};

/// How long a destroyed app's instances may take until the client is told that they will go. They do, whether somebody
/// waits or not.
const DESTROY_PATIENCE: Duration = Duration::from_mins(1);

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/apps", get("Apps that one may use", list).post("Make an app", create).may_refuse([409]))
        .slashed(
            "/v2/apps/{id}",
            get("An app", show)
                .post("Give an app to another user, or another name", update)
                .with(|operation| operation.answers_nothing(200))
                .may_refuse([409])
                .delete("Destroy an app", destroy),
        )
}

async fn list(state: State, caller: Caller, paging: Paging) -> Result<Json<Page<App>>, Error> {
    let (user, all) = (caller.user.id, caller.is_admin());
    let (count, apps) = app::page(&state.pool, user, all, paging.limit, paging.offset).await?;
    Ok(paging.page(count, apps.into_iter().map(listed).collect()))
}

async fn create(
    state: State,
    caller: Caller,
    ticket: Ticket,
    Body(body): Body<CreateApp>,
) -> Result<Created<App>, Error> {
    let name = body.id.as_deref().map(AppName::parse).transpose().map_err(|error| Error::name("id", error))?;
    let actor = Actor { user_id: caller.user.id, username: caller.user.username.clone() };
    let mut tx = db::begin(&state.pool).await?;
    let app = operation::create_app(&mut tx, &state, &actor, name).await?;
    audit::insert(&mut *tx, caller.did("apps:create", Some(app.uuid), app.name.as_str())).await?;
    let app = shown(app, Procfile::new());
    // With the app, so that a crash right after it makes no second one of a request that is sent again.
    ticket.keep(&mut tx, StatusCode::CREATED, &app).await?;
    db::commit(tx).await?;
    Ok(Created(app))
}

async fn show(state: State, allowed: Allowed<Use>) -> Result<Json<App>, Error> {
    let app = allowed.app;
    let procfile = build::latest_procfile(&state.pool, app.id).await?;
    Ok(Json(shown(app, procfile)))
}

/// Name and owner are all that can be changed of an app.
async fn update(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Body(body): Body<UpdateApp>,
) -> Result<StatusCode, Error> {
    if body.owner.is_none() && body.id.is_none() {
        return Ok(StatusCode::OK);
    }
    allowed.relation.require(Action::Manage)?;
    let name = body.id.as_deref().map(AppName::parse).transpose().map_err(|error| Error::name("id", error))?;
    let owner = match &body.owner {
        Some(owner) => Some(users::find(&state, owner).await?),
        None => None,
    };
    let (app, actor) = (&allowed.app, allowed.actor());
    let mut tx = db::begin(&state.pool).await?;
    if let Some(name) = &name {
        operation::rename(&mut tx, &state, app, &actor, name).await?;
        audit::insert(&mut *tx, allowed.did("apps:rename", &format!("{} {name}", app.name))).await?;
    }
    if let Some(owner) = owner {
        let new_owner = Actor { user_id: owner.id, username: owner.username.clone() };
        operation::transfer(&mut tx, app, &actor, &new_owner).await?;
        audit::insert(&mut *tx, allowed.did("apps:transfer", &owner.username)).await?;
    }
    ticket.keep_empty(&mut tx, StatusCode::OK).await?;
    db::commit(tx).await?;
    Ok(StatusCode::OK)
}

async fn destroy(state: State, allowed: Allowed<Manage>, ticket: Ticket) -> Result<NoContent, Error> {
    let mut tx = db::begin(&state.pool).await?;
    operation::destroy(&mut tx, &allowed.app, &allowed.actor()).await?;
    audit::insert(&mut *tx, allowed.did("apps:destroy", allowed.app.name.as_str())).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    operation::destroy::wait_gone(&state, &allowed.app, DESTROY_PATIENCE).await?;
    Ok(NoContent)
}

fn shown(app: app::App, procfile: Procfile) -> App {
    let app::App { uuid, name, owner, structure, created_at, updated_at, .. } = app;
    listed(app::Listed { uuid, name, owner, structure, procfile, created_at, updated_at })
}

fn listed(app: app::Listed) -> App {
    App {
        uuid: app.uuid,
        id: app.name,
        owner: app.owner,
        structure: app.structure,
        procfile_structure: app.procfile,
        created: app.created_at.into(),
        updated: app.updated_at.into(),
    }
}
