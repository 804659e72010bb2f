//! `/v2/apps/{id}/runs`: one-off runs that nobody waits for, and all that are under way.

use std::{collections::BTreeMap, time::Duration};

use api::{
    names::RunName,
    types::{RunList, RunView, StartRun},
};
use axum::{Json, http::StatusCode, response::NoContent};

use super::{
    body::Body,
    extract::{Allowed, Path, Use},
    idempotency::Ticket,
    reachable::Reachable,
    route::{Created, Routes, get, post},
    session,
};
use crate::{
    db::{
        self, audit,
        event::{self, Level},
        signal::{Signal, notify},
    },
    error::Error,
    runs::{self, DEFAULT_LIMIT, MAX_LIMIT},
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed(
            "/v2/apps/{id}/runs",
            get("Runs that are under way", list).post("Begin a run that nobody waits for", begin).may_refuse([409]),
        )
        .slashed("/v2/apps/{id}/runs/{name}/stop", post("End a run", stop))
}

async fn list(state: State, allowed: Allowed<Use>) -> Result<Json<RunList>, Error> {
    let results = runs::list(&state, &allowed.app).await?;
    Ok(Json(RunList { count: results.len() as u64, results }))
}

async fn begin(
    state: State,
    allowed: Allowed<Use>,
    _: Reachable,
    ticket: Ticket,
    Body(body): Body<StartRun>,
) -> Result<Created<RunView>, Error> {
    if body.command.trim().is_empty() {
        return Err(Error::BadRequest("command is a required field".to_owned()));
    }
    session::check(&body.command)?;
    let limit = limit(body.time_limit)?;
    let begun = runs::begin(&state, &allowed.app, &allowed.actor(), &body).await?;
    let mut tx = db::begin(&state.pool).await?;
    begun.detach(&mut tx, limit).await?;
    let view = runs::show(&mut tx, &allowed.app, &begun.name).await?;
    audit::insert(&mut *tx, allowed.did("runs:start", &begun.name)).await?;
    ticket.keep(&mut tx, StatusCode::CREATED, &view).await?;
    db::commit(tx).await?;
    begun.detached();
    Ok(Created(view))
}

fn limit(seconds: Option<u32>) -> Result<Duration, Error> {
    let limit = seconds.map_or(DEFAULT_LIMIT, |seconds| Duration::from_secs(seconds.into()));
    if limit.is_zero() || limit > MAX_LIMIT {
        let days = MAX_LIMIT.as_secs() / (24 * 3600);
        return Err(Error::field("time_limit", format!("A run has a time limit of 1 second to {days} days.")));
    }
    Ok(limit)
}

async fn stop(
    state: State,
    allowed: Allowed<Use>,
    ticket: Ticket,
    Path(rest): Path<BTreeMap<String, String>>,
) -> Result<NoContent, Error> {
    let missing = || Error::NotFound("There is no such run under way.".to_owned());
    let name = rest.get("name").map(|text| RunName::parse(text)).transpose().ok().flatten().ok_or_else(missing)?;
    let full = runs::full_name(&allowed.app, name.as_str());
    let mut tx = db::begin(&state.pool).await?;
    if !db::run::end_named(&mut *tx, allowed.app.id, &full).await? {
        return Err(missing());
    }
    let line = format!("{} stopped {full}", allowed.caller.user.username);
    event::add(&mut *tx, allowed.app.id, Level::Info, &line).await?;
    audit::insert(&mut *tx, allowed.did("runs:stop", name.as_str())).await?;
    notify(&mut *tx, Signal::App(allowed.app.id)).await?;
    ticket.keep_empty(&mut tx, StatusCode::NO_CONTENT).await?;
    db::commit(tx).await?;
    Ok(NoContent)
}
