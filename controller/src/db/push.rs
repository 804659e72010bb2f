//! Pushes: commits on their way to a release. Where they wait for a build is [`super::push_queue`].

use api::sandbox::BuildKind;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::OnConstraint;
use crate::error::Error;

/// Pushes of an app whose records are kept.
pub const KEPT: i64 = 20;

/// What becomes of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its build.
    Queued,
    /// Its build runs.
    Building,
    /// Its image is there, and is rolled out.
    Deploying,
    /// Its release runs.
    Done,
    /// There is no new release, or it failed.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

impl State {
    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Building => "building",
            Self::Deploying => "deploying",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn parse(text: &str) -> Result<Self, sqlx::Error> {
        let all = [Self::Queued, Self::Building, Self::Deploying, Self::Done, Self::Failed, Self::Cancelled];
        let found = all.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| super::decode(format!("{text:?} is no state of a push")))
    }

    /// Nothing will happen to it any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// Its build may still write to its log.
    #[must_use]
    pub fn may_write(self) -> bool {
        matches!(self, Self::Queued | Self::Building)
    }
}

/// A push.
#[derive(Clone, Debug)]
pub struct Push {
    /// Joins.
    pub id: i64,
    /// Public identity, of the build too.
    pub uuid: Uuid,
    /// The app.
    pub app_id: i64,
    /// Who pushed.
    pub user_id: i64,
    /// Username of who pushed.
    pub username: String,
    /// The commit, whole.
    pub sha: String,
    /// How it is built.
    pub kind: BuildKind,
    /// Where it stands.
    pub state: State,
    /// Why there is no new release.
    pub reason: Option<String>,
    /// Its build is to be ended.
    pub cancel_requested: bool,
    /// The platform took the build on.
    pub begun: bool,
    /// Its build runs for longer than any build may.
    pub overdue: bool,
    /// What was built.
    pub image_ref: Option<String>,
    /// The change that deploys it.
    pub operation_id: Option<i64>,
    /// The release it made.
    pub version: Option<i32>,
    /// When it was received.
    pub created_at: DateTime<Utc>,
    /// When it was over.
    pub finished_at: Option<DateTime<Utc>>,
}

struct Row {
    id: i64,
    uuid: Uuid,
    app_id: i64,
    user_id: i64,
    username: String,
    sha: String,
    kind: String,
    state: String,
    reason: Option<String>,
    cancel_requested: bool,
    begun: bool,
    overdue: bool,
    image_ref: Option<String>,
    operation_id: Option<i64>,
    version: Option<i32>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Push {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            app_id: row.app_id,
            user_id: row.user_id,
            username: row.username,
            kind: if row.kind == kind(BuildKind::Dockerfile) { BuildKind::Dockerfile } else { BuildKind::Buildpack },
            state: State::parse(&row.state)?,
            sha: row.sha,
            reason: row.reason,
            cancel_requested: row.cancel_requested,
            begun: row.begun,
            overdue: row.overdue,
            image_ref: row.image_ref,
            operation_id: row.operation_id,
            version: row.version,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    }
}

fn kind(kind: BuildKind) -> &'static str {
    match kind {
        BuildKind::Dockerfile => "dockerfile",
        BuildKind::Buildpack => "buildpack",
    }
}

/// What a new push says.
pub struct NewPush<'a> {
    /// Public identity.
    pub uuid: Uuid,
    /// The app.
    pub app_id: i64,
    /// Who pushes.
    pub user_id: i64,
    /// Who holds the app's push lock.
    pub holder: Uuid,
    /// The commit, whole.
    pub sha: &'a str,
    /// How it is built.
    pub kind: BuildKind,
}

/// What is answered to a push while another one is under way; git's words around it are the client's.
#[must_use]
pub fn ongoing() -> Error {
    Error::Conflict("Another git push is ongoing".to_owned())
}

/// Adds a push at the end of the queue and answers its id.
pub async fn insert(executor: impl PgExecutor<'_>, push: NewPush<'_>) -> Result<i64, Error> {
    sqlx::query_scalar!(
        "insert into pushes (uuid, app_id, user_id, holder, sha, kind) values ($1, $2, $3, $4, $5, $6) returning id",
        push.uuid,
        push.app_id,
        push.user_id,
        push.holder,
        push.sha,
        kind(push.kind)
    )
    .fetch_one(executor)
    .await
    .on_constraint("pushes_one_open", ongoing)
}

/// The push with that uuid.
pub async fn find(executor: impl PgExecutor<'_>, uuid: Uuid) -> Result<Option<Push>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select p.id, p.uuid, p.app_id, p.user_id, u.username, p.sha, p.kind, p.state, p.reason, p.cancel_requested,
            p.begun, coalesce(p.started_at < now() - interval '3 hours', false) as "overdue!", p.image_ref,
            p.operation_id, p.version, p.created_at, p.finished_at
         from pushes p join users u on u.id = p.user_id where p.uuid = $1"#,
        uuid
    )
    .fetch_optional(executor)
    .await?;
    row.map(Push::try_from).transpose()
}

/// The uuid of what `holder` has pushed to the app.
pub async fn of_holder(executor: impl PgExecutor<'_>, app_id: i64, holder: Uuid) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("select uuid from pushes where app_id = $1 and holder = $2", app_id, holder)
        .fetch_optional(executor)
        .await
}

/// Whether a push of the app is under way.
pub async fn has_open(executor: impl PgExecutor<'_>, app_id: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from pushes
            where app_id = $1 and state in ('queued', 'building', 'deploying')) as "open!""#,
        app_id
    )
    .fetch_one(executor)
    .await
}

/// Whether the source of the push may still be needed.
pub async fn needs_source(executor: impl PgExecutor<'_>, uuid: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from pushes where uuid = $1 and state in ('queued', 'building')) as "needed!""#,
        uuid
    )
    .fetch_one(executor)
    .await
}

/// The platform took the build on.
pub async fn mark_begun(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update pushes set begun = true where id = $1", id).execute(executor).await.map(drop)
}

/// `image_ref` was built, and `operation_id` deploys it.
pub async fn deploy(
    executor: impl PgExecutor<'_>,
    id: i64,
    image_ref: &str,
    operation_id: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update pushes set state = 'deploying', image_ref = $2, operation_id = $3 where id = $1",
        id,
        image_ref,
        operation_id
    )
    .execute(executor)
    .await
    .map(drop)
}

/// It is over: with the release `version`, or without one and for `reason`.
pub async fn end(
    executor: impl PgExecutor<'_>,
    id: i64,
    state: State,
    version: Option<i32>,
    reason: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update pushes set state = $2, version = $3, reason = $4, finished_at = now(), lease_until = null
         where id = $1",
        id,
        state.as_str(),
        version,
        reason
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Asks for the builds of the app (of the one push, if named) to be ended: at once where none runs yet. Answers the ids of
/// those that this is news for.
pub async fn cancel(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    only: Option<i64>,
    reason: &str,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "update pushes set cancel_requested = true, reason = $3,
            state = case state when 'queued' then 'cancelled' else state end,
            finished_at = case state when 'queued' then now() end
         where app_id = $1 and ($2::bigint is null or id = $2) and not cancel_requested
            and state in ('queued', 'building') returning id",
        app_id,
        only,
        reason
    )
    .fetch_all(executor)
    .await
}

/// Pushes that are over and not among the [`KEPT`] newest of their app, a few at a time.
pub async fn expired(executor: impl PgExecutor<'_>) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select uuid from (select uuid, state, row_number() over (partition by app_id order by id desc) as place
            from pushes) ranked
         where place > $1 and state in ('done', 'failed', 'cancelled') limit 100",
        KEPT
    )
    .fetch_all(executor)
    .await
}

/// Uuids of all pushes of the app.
pub async fn uuids(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("select uuid from pushes where app_id = $1", app_id).fetch_all(executor).await
}

/// The platform's record of it is gone.
pub async fn delete(executor: impl PgExecutor<'_>, uuid: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from pushes where uuid = $1 and state in ('done', 'failed', 'cancelled')", uuid)
        .execute(executor)
        .await
        .map(drop)
}
