//! `/v2/apps/{id}/releases`

use api::types::{Page, Release, Rollback, RolledBack};
use axum::{
    Json,
    response::{IntoResponse, Response},
};

use super::{
    body::Body,
    error::page_not_found,
    extract::{Allowed, Path, Use},
    idempotency::Ticket,
    page::Paging,
    reachable::Reachable,
    route::{Created, Routes, get, post},
    submit::outcome,
};
use crate::{db::release, error::Error, operation::Patch, state::State};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/apps/{id}/releases", get("Releases, newest first", list))
        .slashed(
            "/v2/apps/{id}/releases/rollback",
            post("Deploy an older release again", rollback).may_refuse([409, 422, 429]),
        )
        .slashed(
            "/v2/apps/{id}/releases/{version}",
            get("A release", show).with(|operation| operation.answers_json::<Release>(200)),
        )
}

async fn list(state: State, allowed: Allowed<Use>, paging: Paging) -> Result<Json<Page<Release>>, Error> {
    let app = &allowed.app;
    let count = release::count(&state.pool, app.id).await?;
    let releases = release::list(&state.pool, app.id, paging.limit, paging.offset).await?;
    Ok(paging.page(count, releases.into_iter().map(|release| shown(release, app.name.as_str())).collect()))
}

async fn show(
    state: State,
    allowed: Allowed<Use>,
    Path((_, version)): Path<(String, String)>,
) -> Result<Response, Error> {
    let digits = version.strip_prefix('v').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let Some(digits) = digits.filter(|digits| !digits.is_empty()) else { return Ok(page_not_found().await) };
    let version = digits.parse().map_err(|_| Error::Missing("Release"))?;
    let found = release::find(&state.pool, allowed.app.id, version).await?.ok_or(Error::Missing("Release"))?;
    Ok(Json(shown(found, allowed.app.name.as_str())).into_response())
}

async fn rollback(
    state: State,
    allowed: Allowed<Use>,
    _: Reachable,
    ticket: Ticket,
    Body(body): Body<Rollback>,
) -> Result<Created<RolledBack>, Error> {
    let target = body.version.map(|version| format!("v{version}")).unwrap_or_default();
    let entry = allowed.did("releases:rollback", &target);
    let patch = Patch::Rollback { version: body.version };
    let release = outcome(&state, &allowed, &ticket, &patch, entry).await?;
    Ok(Created(RolledBack { version: release.version }))
}

fn shown(release: release::Release, app: &str) -> Release {
    Release {
        uuid: release.uuid,
        app: app.to_owned(),
        owner: release.owner,
        version: release.version,
        summary: release.summary,
        build: release.build_uuid,
        config: release.config_uuid,
        failed: release.state == release::State::Failed,
        exception: release.exception,
        created: release.created_at.into(),
        updated: release.updated_at.into(),
    }
}
