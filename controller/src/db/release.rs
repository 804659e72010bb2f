//! Releases: a build and a config under a number. What they say never changes; only their state does.

use api::names::AppName;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgExecutor, types::Json};
use uuid::Uuid;

/// How far a release has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Being rolled out.
    Pending,
    /// All process types run it, or did.
    Good,
    /// Never the base of anything.
    Failed,
}

impl State {
    fn parse(text: &str) -> Result<Self, sqlx::Error> {
        match text {
            "pending" => Ok(Self::Pending),
            "good" => Ok(Self::Good),
            "failed" => Ok(Self::Failed),
            other => Err(super::decode(format!("release state {other:?}"))),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Good => "good",
            Self::Failed => "failed",
        }
    }
}

/// What deploying resolved once, so that a release stays exact when operator settings change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resolved {
    /// The port that routed types listen on.
    pub port: Option<u16>,
    /// How many new instances of a type start at once beside the old ones.
    pub batch: u32,
    /// Seconds in which an instance must prove healthy, beyond its probe's initial delay.
    pub deploy_timeout: u32,
    /// The app's name in what the release runs, where it is not the app's name now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
}

/// A release.
#[derive(Clone, Debug)]
pub struct Release {
    /// Joins.
    pub id: i64,
    /// Public identity.
    pub uuid: Uuid,
    /// The app.
    pub app_id: i64,
    /// 1, 2, 3 ...
    pub version: u32,
    /// Username of whoever made it.
    pub owner: String,
    /// The build, if any.
    pub build_id: Option<i64>,
    /// Public identity of the build.
    pub build_uuid: Option<Uuid>,
    /// The config.
    pub config_id: i64,
    /// Public identity of the config.
    pub config_uuid: Uuid,
    /// See [`Resolved`].
    pub resolved: Resolved,
    /// What changed, in one line.
    pub summary: String,
    /// How far it has come.
    pub state: State,
    /// Why it failed.
    pub exception: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its state changed.
    pub updated_at: DateTime<Utc>,
}

struct Row {
    id: i64,
    uuid: Uuid,
    app_id: i64,
    version: i32,
    owner: String,
    build_id: Option<i64>,
    build_uuid: Option<Uuid>,
    config_id: i64,
    config_uuid: Uuid,
    resolved: Json<Resolved>,
    summary: String,
    state: String,
    exception: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for Release {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            app_id: row.app_id,
            version: u32::try_from(row.version).map_err(super::decode)?,
            owner: row.owner,
            build_id: row.build_id,
            build_uuid: row.build_uuid,
            config_id: row.config_id,
            config_uuid: row.config_uuid,
            resolved: row.resolved.0,
            summary: row.summary,
            state: State::parse(&row.state)?,
            exception: row.exception,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// What a new release says.
pub struct NewRelease<'a> {
    /// The app.
    pub app_id: i64,
    /// Its number.
    pub version: u32,
    /// Who makes it.
    pub user_id: i64,
    /// The build, if any.
    pub build_id: Option<i64>,
    /// The config.
    pub config_id: i64,
    /// See [`Resolved`].
    pub resolved: &'a Resolved,
    /// What changed.
    pub summary: &'a str,
    /// [`State::Pending`] when it is to be rolled out, [`State::Good`] when there is nothing to.
    pub state: State,
}

/// Adds a release. Answers its id and uuid.
pub async fn insert(executor: impl PgExecutor<'_>, release: NewRelease<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into releases (uuid, app_id, version, user_id, build_id, config_id, resolved, summary, state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id",
        Uuid::now_v7(),
        release.app_id,
        i32::try_from(release.version).map_err(super::decode)?,
        release.user_id,
        release.build_id,
        release.config_id,
        Json(release.resolved) as _,
        release.summary,
        release.state.as_str()
    )
    .fetch_one(executor)
    .await
}

/// The number of the app's next release. Safe under the app's lease only.
pub async fn next_version(executor: impl PgExecutor<'_>, app_id: i64) -> Result<u32, sqlx::Error> {
    let last = sqlx::query_scalar!("select max(version) from releases where app_id = $1", app_id)
        .fetch_one(executor)
        .await?
        .unwrap_or(0);
    u32::try_from(last + 1).map_err(super::decode)
}

macro_rules! select_releases {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select r.id, r.uuid, r.app_id, r.version, u.username as owner, r.build_id, b.uuid as "build_uuid?",
                r.config_id, c.uuid as config_uuid, r.resolved as "resolved: Json<Resolved>", r.summary, r.state,
                r.exception, r.created_at, r.updated_at
             from releases r join users u on u.id = r.user_id join configs c on c.id = r.config_id
                left join builds b on b.id = r.build_id "#
                + $tail
            $(, $arg)*
        )
    };
}

/// The release with that id.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Release, sqlx::Error> {
    select_releases!("where r.id = $1", id).fetch_one(executor).await?.try_into()
}

/// The app's release of that number.
pub async fn find(executor: impl PgExecutor<'_>, app_id: i64, version: u32) -> Result<Option<Release>, sqlx::Error> {
    let Ok(version) = i32::try_from(version) else { return Ok(None) };
    select_releases!("where r.app_id = $1 and r.version = $2", app_id, version)
        .fetch_optional(executor)
        .await?
        .map(Release::try_from)
        .transpose()
}

/// The newest release that did not fail: the base of every change.
pub async fn latest_good(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Option<Release>, sqlx::Error> {
    select_releases!("where r.app_id = $1 and r.state = 'good' order by r.version desc limit 1", app_id)
        .fetch_optional(executor)
        .await?
        .map(Release::try_from)
        .transpose()
}

/// The release that is being rolled out.
pub async fn pending(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Option<Release>, sqlx::Error> {
    select_releases!("where r.app_id = $1 and r.state = 'pending'", app_id)
        .fetch_optional(executor)
        .await?
        .map(Release::try_from)
        .transpose()
}

/// Releases that instances of the app still run.
pub async fn running(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<Release>, sqlx::Error> {
    select_releases!("where r.id in (select release_id from instances where app_id = $1)", app_id)
        .fetch_all(executor)
        .await?
        .into_iter()
        .map(Release::try_from)
        .collect()
}

/// The app's releases, newest first.
pub async fn list(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<Release>, sqlx::Error> {
    select_releases!("where r.app_id = $1 order by r.version desc limit $2 offset $3", app_id, limit, offset)
        .fetch_all(executor)
        .await?
        .into_iter()
        .map(Release::try_from)
        .collect()
}

/// How many releases the app has.
pub async fn count(executor: impl PgExecutor<'_>, app_id: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from releases where app_id = $1"#, app_id)
        .fetch_one(executor)
        .await
}

/// All process types run it.
pub async fn mark_good(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update releases set state = 'good', updated_at = now() where id = $1 and state = 'pending'", id)
        .execute(executor)
        .await
        .map(drop)
}

/// It did not come up; `summary` takes the place of its own, as at Deis.
pub async fn mark_failed(
    executor: impl PgExecutor<'_>,
    id: i64,
    summary: &str,
    exception: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update releases set state = 'failed', summary = $2, exception = $3, updated_at = now()
         where id = $1 and state = 'pending'",
        id,
        summary,
        exception
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Keeps the app's name of until now in its releases, which go on as they are when it gets another.
pub async fn keep_name(executor: impl PgExecutor<'_>, app_id: i64, name: &AppName) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update releases set resolved = resolved || jsonb_build_object('app', $2::text)
         where app_id = $1 and not resolved ? 'app'",
        app_id,
        name.as_str()
    )
    .execute(executor)
    .await
    .map(drop)
}
