//! `GET /v2/apps/{id}/pods/{type}/{name}/exec`: a command in an instance that runs, as a session.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};

use super::{
    extract::{Allowed, Path, Use},
    reachable::Reachable,
    route::{Routes, get},
    session::{self, Place, Upgrade},
};
use crate::{runs, state::State};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/apps/{id}/pods/{type}/{name}/exec", get("Run a command in an instance", exec).may_refuse([409]))
}

async fn exec(
    state: State,
    allowed: Allowed<Use>,
    _: Reachable,
    Path(rest): Path<BTreeMap<String, String>>,
    upgrade: Upgrade,
) -> Response {
    // A name decides alone, as where instances are restarted.
    let name = rest.get("name").map(String::as_str).unwrap_or_default();
    let opened = match runs::find(&state, &allowed.app, name).await {
        Ok(target) => session::open(state, allowed, upgrade, Place::Instance(target)),
        Err(error) => Err(error),
    };
    opened.unwrap_or_else(IntoResponse::into_response)
}
