//! `/v2/apps/{id}/services`: process types that answer some paths of their app (Hephy).

use api::types::{RemoveService, Service, Services, SetService};
use axum::{Json, http::StatusCode, response::NoContent};

use super::{
    body::Body,
    extract::{Allowed, Manage, Use},
    idempotency::Ticket,
    route::{Routes, get},
};
use crate::{
    db::{
        self, audit,
        event::{self, Level},
        service,
        signal::{Signal, notify},
    },
    error::Error,
    state::State,
};

/// The router compares each request with all of them.
const MAX: usize = 100;

pub(super) fn router() -> Routes {
    Routes::new().slashed(
        "/v2/apps/{id}/services",
        get("Process types that answer some paths", list)
            .post("Let a process type answer some paths", set)
            .with(|operation| {
                operation.answers_nothing(201);
                operation.answers_nothing(204);
            })
            .delete("Let a process type answer no paths", remove),
    )
}

async fn list(state: State, allowed: Allowed<Use>) -> Result<Json<Services>, Error> {
    let services = service::list(&state.pool, allowed.app.id).await?;
    let shown = services.into_iter().map(|(process_type, paths)| Service {
        procfile_type: process_type.to_string(),
        path_pattern: paths.to_string(),
    });
    Ok(Json(Services { services: shown.collect() }))
}

async fn set(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Body(body): Body<SetService>,
) -> Result<StatusCode, Error> {
    let (app, user) = (&allowed.app, &allowed.caller.user);
    let SetService { procfile_type, path_pattern } = body;
    let mut tx = db::begin(&state.pool).await?;
    if !service::set(&mut *tx, app.id, user.id, &procfile_type, &path_pattern).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    if service::list(&mut *tx, app.id).await?.len() > MAX {
        return Err(Error::BadRequest(format!("An app has at most {MAX} services.")));
    }
    let line = format!("{} added {procfile_type} ({path_pattern}) to the services", user.username);
    event::add(&mut *tx, app.id, Level::Info, &line).await?;
    audit::insert(&mut *tx, allowed.did("services:add", procfile_type.as_str())).await?;
    notify(&mut *tx, Signal::App(app.id)).await?;
    ticket.keep_empty(&mut tx, StatusCode::CREATED).await?;
    db::commit(tx).await?;
    Ok(StatusCode::CREATED)
}

async fn remove(
    state: State,
    allowed: Allowed<Manage>,
    ticket: Ticket,
    Body(body): Body<RemoveService>,
) -> Result<NoContent, Error> {
    let (app, user, process_type) = (&allowed.app, &allowed.caller.user, &body.procfile_type);
    let mut tx = db::begin(&state.pool).await?;
    if !service::remove(&mut *tx, app.id, process_type).await? {
        return Err(Error::Missing("Service"));
    }
    event::add(&mut *tx, app.id, Level::Info, &format!("{} removed {process_type} from the services", user.username))
        .await?;
    audit::insert(&mut *tx, allowed.did("services:remove", process_type.as_str())).await?;
    notify(&mut *tx, Signal::App(app.id)).await?;
    ticket.deleted(&mut tx).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}
