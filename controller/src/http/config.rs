//! `/v2/apps/{id}/config`: everything that a release adds to a build.

use std::collections::BTreeMap;

use api::types::{Config, ConfigPatch};
use axum::Json;

use super::{
    body::Body,
    extract::{Allowed, Use},
    idempotency::Ticket,
    reachable::Reachable,
    route::{Created, Routes, get},
    submit::outcome,
};
use crate::{
    db::{self, app::App},
    error::Error,
    operation::Patch,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new().slashed(
        "/v2/apps/{id}/config",
        get("The config of the newest good release", show)
            .post("Change config, and deploy it", change)
            .may_refuse([409, 422, 429]),
    )
}

async fn show(state: State, allowed: Allowed<Use>) -> Result<Json<Config>, Error> {
    let release = db::release::latest_good(&state.pool, allowed.app.id).await?.ok_or(Error::Missing("Config"))?;
    opened(&state, &allowed.app, release.config_id).await.map(Json)
}

async fn change(
    state: State,
    allowed: Allowed<Use>,
    _: Reachable,
    ticket: Ticket,
    Body(body): Body<ConfigPatch>,
) -> Result<Created<Config>, Error> {
    let keys = keys(&body).join(" ");
    let entry = allowed.did("config:set", &keys);
    let release = outcome(&state, &allowed, &ticket, &Patch::Config(body), entry).await?;
    let config = opened(&state, &allowed.app, release.config_id).await?;
    Ok(Created(config))
}

/// What is changed, without what it is changed to: for the audit row.
fn keys(patch: &ConfigPatch) -> Vec<&str> {
    let maps = [
        &patch.values,
        &patch.memory,
        &patch.cpu,
        &patch.tags,
        &patch.registry,
        &patch.healthcheck,
        &patch.lifecycle_post_start,
        &patch.lifecycle_pre_stop,
        &patch.termination_grace_period,
    ];
    maps.into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect()
}

/// A config as the API shows it.
pub(super) async fn opened(state: &State, app: &App, config_id: i64) -> Result<Config, Error> {
    let config = db::config::get(&state.pool, config_id).await?;
    let document = config.open(&state.vault, app.uuid)?;
    Ok(Config {
        uuid: config.uuid,
        owner: config.owner,
        app: app.name.to_string(),
        values: named(document.values),
        memory: named(document.memory),
        cpu: named(document.cpu),
        tags: document.tags,
        registry: document.registry,
        healthcheck: document.healthcheck,
        lifecycle_post_start: named(document.lifecycle_post_start),
        lifecycle_pre_stop: named(document.lifecycle_pre_stop),
        termination_grace_period: named(document.termination_grace_period),
        created: config.created_at.into(),
        updated: config.created_at.into(),
    })
}

fn named<K: Into<String>>(map: BTreeMap<K, String>) -> BTreeMap<String, String> {
    map.into_iter().map(|(name, value)| (name.into(), value)).collect()
}
