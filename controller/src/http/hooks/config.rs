//! `POST /v2/hooks/config`: the config that a push is built with.

use api::types::{Config, HookPush};
use axum::Json;

use super::{Builder, pushed};
use crate::{
    db,
    error::Error,
    http::{body::Body, config::opened},
    state::State,
};

pub(super) async fn show(state: State, _: Builder, Body(push): Body<HookPush>) -> Result<Json<Config>, Error> {
    let (_, app) = pushed(&state, &push).await?;
    let release = db::release::latest_good(&state.pool, app.id).await?.ok_or(Error::Missing("Config"))?;
    opened(&state, &app, release.config_id).await.map(Json)
}
