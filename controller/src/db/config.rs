//! Configs: sealed documents, one a change.

use std::collections::BTreeMap;

use api::{
    names::{ConfigKey, ProcessType},
    types::Healthcheck,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::vault::{Place, Vault};

/// Everything that a release adds to a build.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Document {
    /// Environment variables.
    pub values: BTreeMap<ConfigKey, String>,
    /// Memory per type, as the user wrote it.
    pub memory: BTreeMap<ProcessType, String>,
    /// CPU per type, as the user wrote it.
    pub cpu: BTreeMap<ProcessType, String>,
    /// Labels a machine must have.
    pub tags: BTreeMap<String, String>,
    /// `username`, `password`, `hostname` of a registry.
    pub registry: BTreeMap<String, String>,
    /// Probes per type; the key `web/cmd` stands for both.
    pub healthcheck: BTreeMap<String, Healthcheck>,
    /// Commands after the start, per type.
    pub lifecycle_post_start: BTreeMap<ProcessType, String>,
    /// Commands before the stop, per type.
    pub lifecycle_pre_stop: BTreeMap<ProcessType, String>,
    /// Seconds from SIGTERM to SIGKILL, per type.
    pub termination_grace_period: BTreeMap<ProcessType, String>,
}

impl Document {
    /// The value of a variable.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

/// A config, still sealed.
#[derive(Clone)]
pub struct Config {
    /// Joins.
    pub id: i64,
    /// Public identity.
    pub uuid: Uuid,
    /// Username of whoever made it.
    pub owner: String,
    /// See [`Config::open`].
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Config {
    /// What it says; `app` is the uuid of the app it belongs to.
    pub fn open(&self, vault: &Vault, app: Uuid) -> anyhow::Result<Document> {
        let plain = vault.open(Place { app, row: self.uuid }, &self.sealed)?;
        Ok(serde_json::from_slice(&plain)?)
    }
}

/// Seals `document` for the app with `app_uuid` and adds it. Answers the row's id.
pub async fn insert(
    executor: impl PgExecutor<'_>,
    vault: &Vault,
    (app_id, app_uuid): (i64, Uuid),
    user_id: i64,
    document: &Document,
) -> Result<i64, crate::error::Error> {
    let uuid = Uuid::now_v7();
    let plain = serde_json::to_vec(document).map_err(anyhow::Error::from)?;
    let sealed = vault.seal(Place { app: app_uuid, row: uuid }, &plain)?;
    let id = sqlx::query_scalar!(
        "insert into configs (uuid, app_id, user_id, sealed) values ($1, $2, $3, $4) returning id",
        uuid,
        app_id,
        user_id,
        sealed
    )
    .fetch_one(executor)
    .await?;
    Ok(id)
}

/// The config with that id.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Config, sqlx::Error> {
    sqlx::query_as!(
        Config,
        "select c.id, c.uuid, u.username as owner, c.sealed, c.created_at
         from configs c join users u on u.id = c.user_id where c.id = $1",
        id
    )
    .fetch_one(executor)
    .await
}
