//! Settings of an app that make no release: one row an app, for `settings` and `tls`.

use std::collections::BTreeMap;

use anyhow::Context;
use api::{
    names::{ClientNetwork, ProcessType},
    treatment::{InvalidTreatment, Treatment},
    types::AutoscaleRule,
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgExecutor, types::Json};
use uuid::Uuid;

/// Notes of the users, never interpreted.
pub type Label = BTreeMap<String, Value>;

/// Scaling rules per process type.
pub type Autoscale = BTreeMap<ProcessType, AutoscaleRule>;

/// The settings of an app.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Public identity as `settings`.
    pub uuid: Uuid,
    /// Public identity as `tls`.
    pub tls_uuid: Uuid,
    /// Who changed them last.
    pub owner: String,
    /// The router answers with a maintenance page.
    pub maintenance: bool,
    /// The router serves the app at all.
    pub routable: bool,
    /// Addresses and networks that may reach it, as they were written; empty means everybody.
    pub whitelist: Vec<String>,
    /// Which types are scaled by what they use.
    pub autoscale: Json<Autoscale>,
    /// Notes.
    pub label: Json<Label>,
    /// How the router treats its requests, as it was written.
    pub router: Json<BTreeMap<String, String>>,
    /// Plain requests are sent on to https; none means never set.
    pub https_enforced: Option<bool>,
    /// When the app was created.
    pub created_at: DateTime<Utc>,
    /// When they last changed.
    pub updated_at: DateTime<Utc>,
}

impl Settings {
    /// Who may reach it. What cannot be read is an error: left out, it could open the app to everybody.
    pub fn whitelist(&self) -> anyhow::Result<Vec<ClientNetwork>> {
        let parsed = self.whitelist.iter().map(|text| ClientNetwork::parse(text));
        parsed.collect::<Result<_, _>>().context("a whitelist in the database")
    }

    /// How the router treats its requests.
    pub fn treatment(&self) -> Result<Treatment, InvalidTreatment> {
        Treatment::parse(self.router.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// Gives a new app its settings.
pub async fn insert(executor: impl PgExecutor<'_>, app_id: i64, user_id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into settings (app_id, uuid, tls_uuid, user_id) values ($1, $2, $3, $4)",
        app_id,
        Uuid::now_v7(),
        Uuid::now_v7(),
        user_id
    )
    .execute(executor)
    .await
    .map(drop)
}

/// The settings of the app.
pub async fn find(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Option<Settings>, sqlx::Error> {
    sqlx::query_as!(
        Settings,
        r#"select s.uuid, s.tls_uuid, u.username as owner, s.maintenance, s.routable, s.whitelist,
            s.autoscale as "autoscale: Json<Autoscale>", s.label as "label: Json<Label>",
            s.router as "router: Json<BTreeMap<String, String>>", s.https_enforced, s.created_at, s.updated_at
         from settings s join users u on u.id = s.user_id where s.app_id = $1"#,
        app_id
    )
    .fetch_optional(executor)
    .await
}

/// The settings of the app, their row locked until the transaction ends.
pub async fn lock(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Option<Settings>, sqlx::Error> {
    sqlx::query_as!(
        Settings,
        r#"select s.uuid, s.tls_uuid, u.username as owner, s.maintenance, s.routable, s.whitelist,
            s.autoscale as "autoscale: Json<Autoscale>", s.label as "label: Json<Label>",
            s.router as "router: Json<BTreeMap<String, String>>", s.https_enforced, s.created_at, s.updated_at
         from settings s join users u on u.id = s.user_id where s.app_id = $1 for update of s"#,
        app_id
    )
    .fetch_optional(executor)
    .await
}

/// Stores what may be changed of `settings`, as changed by the user.
pub async fn update(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    user_id: i64,
    settings: &Settings,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update settings set user_id = $2, maintenance = $3, routable = $4, label = $5, https_enforced = $6,
            whitelist = $7, autoscale = $8, router = $9, updated_at = now()
         where app_id = $1",
        app_id,
        user_id,
        settings.maintenance,
        settings.routable,
        Json(&settings.label.0) as _,
        settings.https_enforced,
        &settings.whitelist,
        Json(&settings.autoscale.0) as _,
        Json(&settings.router.0) as _
    )
    .execute(executor)
    .await
    .map(drop)
}

/// The apps that have rules of scaling, by id.
pub async fn autoscaled(executor: impl PgExecutor<'_>) -> Result<Vec<(i64, Autoscale)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select s.app_id, s.autoscale as "autoscale: Json<Autoscale>"
         from settings s join apps a on a.id = s.app_id
         where s.autoscale <> '{}' and a.destroyed_at is null order by s.app_id"#
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (row.app_id, row.autoscale.0)).collect())
}
