//! `GET /v2/`: what there is. Clients call it without a token and take the 401 as the sign of a controller.

use std::collections::BTreeMap;

use axum::{Json, Router, http::HeaderMap, routing::get};

use super::{Slashed, page::origin};
use crate::{auth::Caller, state::State};

/// The collections that a client may begin with, relative to `/v2/`.
const COLLECTIONS: [&str; 6] = ["admin/perms", "apps", "auth/whoami", "info", "keys", "users"];

pub(super) fn router() -> Router<State> {
    Router::new().slashed("/v2", get(show))
}

async fn show(_: Caller, headers: HeaderMap) -> Json<BTreeMap<&'static str, String>> {
    let origin = origin(&headers);
    Json(COLLECTIONS.into_iter().map(|name| (name, format!("{origin}/v2/{name}"))).collect())
}
