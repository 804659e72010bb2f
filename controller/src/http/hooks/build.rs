//! `POST /v2/hooks/build`: deploys the image that a push was built into, as `POST builds` does.

use api::types::{HookBuild, HookBuilt, HookRelease};
use axum::Json;

use super::{Builder, pushed};
use crate::{
    db::audit::{Entry, Via},
    error::Error,
    http::{
        body::Body,
        builds,
        extract::RequestId,
        idempotency::Ticket,
        reachable::Reachable,
        submit::{self, Change},
    },
    operation::{Actor, Patch},
    state::State,
};

pub(super) async fn deploy(
    state: State,
    _: Builder,
    _: Reachable,
    RequestId(request_id): RequestId,
    Body(body): Body<HookBuild>,
) -> Result<Json<HookBuilt>, Error> {
    let (push, build) = body.split();
    let (user, app) = pushed(&state, &push).await?;
    let patch = builds::patch(build)?;
    let image = patch.image.to_string();
    let entry = Entry {
        username: &user.username,
        via: Via { kind: "builder", ..Via::default() },
        app: Some(app.uuid),
        action: "builds:create",
        target: &image,
        request_id: &request_id,
    };
    let actor = Actor { user_id: user.id, username: user.username.clone() };
    let change = Change { app: &app, actor: &actor, patch: &Patch::Build(patch), entry };
    let release = submit::wait(&state, &Ticket::default(), change).await?;
    Ok(Json(HookBuilt { release: HookRelease { version: release.version } }))
}
