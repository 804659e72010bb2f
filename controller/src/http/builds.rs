//! `/v2/apps/{id}/builds`: deploying an image, and what was deployed. What else can be asked of a push stands in
//! [`super::pushes`].

use serde_json::json;
use std::collections::BTreeMap;

use anyhow::Context;
use api::{
    names::{ImageName, ProcessType},
    sandbox::BuildKind,
    types::{Build, CreateBuild, Page},
};
use axum::{Json, http::Uri};
use uuid::Uuid;

use super::{
    body::Body,
    extract::{Allowed, Path, Use},
    idempotency::Ticket,
    page::{Paging, flag},
    reachable::Reachable,
    route::{Created, Routes, get},
    submit::outcome,
};
use crate::{
    db::{build, build::Procfile, push, push_history},
    error::Error,
    operation::{BuildPatch, Patch},
    pushes::image_name,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed(
            "/v2/apps/{id}/builds",
            get("What was deployed, newest first", list)
                .with(|operation| {
                    operation.reads(
                        "all",
                        &json!({"type": "boolean"}),
                        "Pushes that are under way or made no release, too.",
                    );
                })
                .post("Deploy an image", create)
                .may_refuse([409, 422, 429]),
        )
        .slashed("/v2/apps/{id}/builds/{uuid}", get("A build or push", show))
}

async fn list(state: State, allowed: Allowed<Use>, paging: Paging, uri: Uri) -> Result<Json<Page<Build>>, Error> {
    let app = &allowed.app;
    if flag(&uri, "all") {
        let count = push_history::count(&state.pool, app.id).await?;
        let entries = push_history::list(&state.pool, app.id, paging.limit, paging.offset).await?;
        return Ok(paging.page(count, entries.into_iter().map(|entry| listed(entry, app.name.as_str())).collect()));
    }
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
) -> Result<Created<Build>, Error> {
    let patch = patch(body)?;
    let given = patch.image.to_string();
    let entry = allowed.did("builds:create", &given);
    let release = outcome(&state, &allowed, &ticket, &Patch::Build(patch), entry).await?;
    let id = release.build_id.context("a build made a release without one")?;
    let build = build::get(&state.pool, id).await?;
    Ok(Created(shown(build, allowed.app.name.as_str())))
}

async fn show(
    state: State,
    allowed: Allowed<Use>,
    Path((_, uuid)): Path<(String, String)>,
) -> Result<Json<Build>, Error> {
    let app = &allowed.app;
    let uuid = Uuid::parse_str(&uuid).map_err(|_| Error::Missing("Build"))?;
    let build = build::find(&state.pool, app.id, uuid).await?;
    let push = push::find(&state.pool, uuid).await?.filter(|push| push.app_id == app.id);
    let shown = match (build, push) {
        (Some(build), None) => shown(build, app.name.as_str()),
        (Some(build), Some(push)) => of_push(Some(shown(build, app.name.as_str())), push, app.name.as_str()),
        (None, Some(push)) => of_push(None, push, app.name.as_str()),
        (None, None) => return Err(Error::Missing("Build")),
    };
    Ok(Json(shown))
}

/// What the request asks for.
pub(super) fn patch(body: CreateBuild) -> Result<BuildPatch, Error> {
    let image = ImageName::parse(&body.image).map_err(|error| Error::name("image", error))?;
    let procfile = procfile(body.procfile.unwrap_or_default())?;
    let (sha, dockerfile) = (body.sha.unwrap_or_default(), body.dockerfile.unwrap_or_default());
    Ok(BuildPatch { image, procfile, sha, dockerfile, built: None })
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
        state: None,
        reason: None,
    }
}

/// A push, and the build that came of it, if one did.
fn of_push(build: Option<Build>, push: push::Push, app: &str) -> Build {
    let build = build.unwrap_or_else(|| Build {
        uuid: push.uuid,
        app: app.to_owned(),
        owner: push.username,
        image: image_name(app, &push.sha),
        sha: push.sha,
        procfile: BTreeMap::new(),
        dockerfile: if push.kind == BuildKind::Dockerfile { "true".to_owned() } else { String::new() },
        created: push.created_at.into(),
        updated: push.created_at.into(),
        state: None,
        reason: None,
    });
    Build {
        created: push.created_at.into(),
        updated: push.finished_at.unwrap_or(push.created_at).into(),
        state: Some(push.state.as_str().to_owned()),
        reason: push.reason,
        ..build
    }
}

fn listed(entry: push_history::Entry, app: &str) -> Build {
    Build {
        uuid: entry.uuid,
        app: app.to_owned(),
        owner: entry.owner,
        image: entry.image.unwrap_or_else(|| image_name(app, &entry.sha)),
        sha: entry.sha,
        procfile: entry.procfile.0.into_iter().map(|(name, command)| (name.to_string(), command)).collect(),
        dockerfile: entry.dockerfile,
        created: entry.created_at.into(),
        updated: entry.updated_at.into(),
        state: entry.state,
        reason: entry.reason,
    }
}
