//! `GET /v2/info`: what a client needs to know of the platform. Ours; Deis had none.

use api::{headers::PLATFORM_VERSION, types::Info};
use axum::Json;

use super::route::{Routes, get};
use crate::{auth::Caller, state::State};

pub(super) fn router() -> Routes {
    Routes::new().slashed("/v2/info", get("Versions, domain and SSH address of the platform", show))
}

async fn show(state: State, _: Caller) -> Json<Info> {
    Json(Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        platform_version: PLATFORM_VERSION.to_owned(),
        domain: state.settings.platform_domain.clone(),
        ssh: state.settings.ssh.clone(),
    })
}
