//! `/v2/apps/{id}/builds`: deploying an image.

use std::collections::BTreeMap;

use anyhow::Context;
use api::{
    names::{ImageName, ProcessType},
    types::{Build, CreateBuild, Page},
};
use axum::{Json, Router, extract::Path, http::StatusCode, routing::get};
use uuid::Uuid;

use super::{
    Slashed,
    body::Body,
    extract::{Allowed, Use},
    idempotency::Ticket,
    page::Paging,
    reachable::Reachable,
    submit::outcome,
};
use crate::{
    db::{build, build::Procfile},
    error::Error,
    operation::{BuildPatch, Patch},
    state::State,
};

pub(super) fn router() -> Router<State> {
    Router::new()
        .slashed("/v2/apps/{id}/builds", get(list).post(create))
        .slashed("/v2/apps/{id}/builds/{uuid}", get(show))
}

async fn list(state: State, allowed: Allowed<Use>, paging: Paging) -> Result<Json<Page<Build>>, Error> {
    let app = &allowed.app;
    let count = build::count(&state.pool, app.id).await?;
    let builds = build::list(&state.pool, app.id, paging.limit, paging.offset).await?;
    Ok(paging.page(count, builds.into_iter().map(|build| shown(build, app.name.as_str())).collect()))
}

async fn create(
    state: State,
    allowed: Allowed<Use>,
    _: Reachable,
    ticket: Ticket,
    Body(body): Body<CreateBuild>,
) -> Result<(StatusCode, Json<Build>), Error> {
    let patch = patch(body)?;
    let given = patch.image.to_string();
    let entry = allowed.did("builds:create", &given);
    let release = outcome(&state, &allowed, &ticket, &Patch::Build(patch), entry).await?;
    let id = release.build_id.context("a build made a release without one")?;
    let build = build::get(&state.pool, id).await?;
    Ok((StatusCode::CREATED, Json(shown(build, allowed.app.name.as_str()))))
}

async fn show(
    state: State,
    allowed: Allowed<Use>,
    Path((_, uuid)): Path<(String, String)>,
) -> Result<Json<Build>, Error> {
    let uuid = Uuid::parse_str(&uuid).map_err(|_| Error::Missing("Build"))?;
    let build = build::find(&state.pool, allowed.app.id, uuid).await?.ok_or(Error::Missing("Build"))?;
    Ok(Json(shown(build, allowed.app.name.as_str())))
}

/// What the request asks for.
pub(super) fn patch(body: CreateBuild) -> Result<BuildPatch, Error> {
    let image = ImageName::parse(&body.image).map_err(|error| Error::name("image", error))?;
    let procfile = procfile(body.procfile.unwrap_or_default())?;
    let (sha, dockerfile) = (body.sha.unwrap_or_default(), body.dockerfile.unwrap_or_default());
    Ok(BuildPatch { image, procfile, sha, dockerfile })
}

fn procfile(given: BTreeMap<String, Option<String>>) -> Result<Procfile, Error> {
    let parse = |(name, command): (String, Option<String>)| {
        let name = ProcessType::parse(&name).map_err(|error| Error::name("procfile", error))?;
        let command = command.filter(|command| !command.trim().is_empty());
        let command = command.ok_or_else(|| Error::field("procfile", "Command can't be empty for process type"))?;
        Ok((name, command))
    };
    given.into_iter().map(parse).collect()
}

fn shown(build: build::Build, app: &str) -> Build {
    Build {
        uuid: build.uuid,
        app: app.to_owned(),
        owner: build.owner,
        image: build.image_given,
        sha: build.sha,
        procfile: build.procfile.into_iter().map(|(name, command)| (name.to_string(), command)).collect(),
        dockerfile: build.dockerfile,
        created: build.created_at.into(),
        updated: build.created_at.into(),
    }
}
