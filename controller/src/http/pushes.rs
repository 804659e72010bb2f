//! `/v2/apps/{id}/builds/{uuid}/logs` and `.../cancel`: what a pushed build writes, and its early end.

use axum::{
    body::Body,
    http::{Uri, header},
    response::{IntoResponse, NoContent, Response},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    extract::{Allowed, Path, Use},
    page::flag,
    route::{Routes, get, post},
    still::while_allowed,
};
use crate::{
    db::{self, push::Push},
    error::Error,
    pushes::{self, Broken},
    state::State,
};

const TEXT: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/plain; charset=utf-8");

const NO_LOG: &str = "There is no log of this build: its image was built elsewhere, or its log was too old to be kept.";

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed(
            "/v2/apps/{id}/builds/{uuid}/logs",
            get("What a pushed build writes", logs).with(|operation| {
                operation.reads("follow", &json!({"type": "boolean"}), "Go on until the push is over.");
                operation.answers_text(200);
            }),
        )
        .slashed("/v2/apps/{id}/builds/{uuid}/cancel", post("End a push before it deploys", cancel).may_refuse([409]))
}

async fn logs(
    state: State,
    allowed: Allowed<Use>,
    Path((_, uuid)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Error> {
    let push = match find(&state, &allowed, &uuid).await? {
        Found::Push(push) => push,
        Found::Image => return Err(Error::NotFound(NO_LOG.to_owned())),
    };
    if flag(&uri, "follow") {
        let log = pushes::follow(state.clone(), &push);
        // Who asks again is told why.
        let log = while_allowed(state, &allowed, log, Some(Err(Broken::Forbidden)));
        return Ok(([TEXT], Body::from_stream(log)).into_response());
    }
    Ok(([TEXT], pushes::whole(&state, &push).await?).into_response())
}

async fn cancel(
    state: State,
    allowed: Allowed<Use>,
    Path((_, uuid)): Path<(String, String)>,
) -> Result<NoContent, Error> {
    let Found::Push(push) = find(&state, &allowed, &uuid).await? else {
        return Err(Error::Conflict(pushes::OVER.to_owned()));
    };
    let target = push.uuid.to_string();
    pushes::cancel(&state, &allowed.app, &push, allowed.did("builds:cancel", &target)).await?;
    Ok(NoContent)
}

enum Found {
    Push(Push),
    /// An image that was deployed as it is, or pushed so long ago that its log is gone.
    Image,
}

async fn find(state: &State, allowed: &Allowed<Use>, uuid: &str) -> Result<Found, Error> {
    let missing = || Error::Missing("Build");
    let uuid = Uuid::parse_str(uuid).map_err(|_| missing())?;
    if let Some(push) = db::push::find(&state.pool, uuid).await?.filter(|push| push.app_id == allowed.app.id) {
        return Ok(Found::Push(push));
    }
    let build = db::build::find(&state.pool, allowed.app.id, uuid).await?;
    build.map(|_| Found::Image).ok_or_else(missing)
}
