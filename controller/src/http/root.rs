//! `GET /v2/`: what there is. Clients call it without a token and take the 401 as the sign of a controller.

use std::collections::BTreeMap;

use axum::{Json, http::HeaderMap};

use super::{
    page::origin,
    route::{Routes, get},
};
use crate::auth::Caller;

/// The collections that a client may begin with, relative to `/v2/`.
const COLLECTIONS: [&str; 6] = ["admin/perms", "apps", "auth/whoami", "info", "keys", "users"];

pub(super) fn router() -> Routes {
    Routes::new().slashed("/v2", get("What there is to begin with", show))
}

async fn show(_: Caller, headers: HeaderMap) -> Json<BTreeMap<&'static str, String>> {
    let origin = origin(&headers);
    Json(COLLECTIONS.into_iter().map(|name| (name, format!("{origin}/v2/{name}"))).collect())
}
