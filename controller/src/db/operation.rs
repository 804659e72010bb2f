//! The queue of changes that make a release: one running per app, in the order in which they were asked for.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, types::Json};
use uuid::Uuid;

use crate::error::Answer;

/// Operations of an app that may wait, the running one included.
pub const QUEUE: i64 = 20;

/// One change.
#[derive(Clone)]
pub struct Operation {
    /// Joins.
    pub id: i64,
    /// Public identity.
    pub uuid: Uuid,
    /// The app.
    pub app_id: i64,
    /// What was asked for, sealed for the app's and this row's uuid.
    pub patch: Vec<u8>,
    /// Who asked.
    pub user_id: i64,
    /// Username of who asked.
    pub username: String,
    /// The release it made, once it has.
    pub release_id: Option<i64>,
    /// When it was started.
    pub started_at: Option<DateTime<Utc>>,
}

/// Where an operation stands.
#[derive(Clone, Debug)]
pub enum Status {
    /// Queued or running.
    Open,
    /// It made this release, and the release runs.
    Done(i64),
    /// The client is answered this.
    Failed(Answer),
}

/// What a new operation says.
pub struct NewOperation<'a> {
    /// Public identity.
    pub uuid: Uuid,
    /// The app.
    pub app_id: i64,
    /// `build`, `config` or `rollback`.
    pub kind: &'a str,
    /// See [`Operation::patch`].
    pub patch: &'a [u8],
    /// Who asks.
    pub user_id: i64,
}

/// Adds an operation behind the others; none when the queue is full or the app is gone. Locks the app's row.
pub async fn push(tx: &mut PgConnection, new: NewOperation<'_>) -> Result<Option<i64>, sqlx::Error> {
    let alive =
        sqlx::query_scalar!("select id from apps where id = $1 and destroyed_at is null for update", new.app_id)
            .fetch_optional(&mut *tx)
            .await?;
    if alive.is_none() {
        return Ok(None);
    }
    sqlx::query_scalar!(
        "insert into operations (uuid, app_id, seq, kind, patch, user_id)
         select $1, $2, coalesce((select max(seq) from operations where app_id = $2), 0) + 1, $3, $4, $5
         where (select count(*) from operations where app_id = $2 and state in ('queued', 'running')) < $6
         returning id",
        new.uuid,
        new.app_id,
        new.kind,
        new.patch,
        new.user_id,
        QUEUE
    )
    .fetch_optional(tx)
    .await
}

/// The operation that is running, or the one to run next.
pub async fn current(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Option<Operation>, sqlx::Error> {
    sqlx::query_as!(
        Operation,
        "select o.id, o.uuid, o.app_id, o.patch, o.user_id, u.username, o.release_id, o.started_at
         from operations o join users u on u.id = o.user_id
         where o.app_id = $1 and o.state in ('queued', 'running') order by o.seq limit 1",
        app_id
    )
    .fetch_optional(executor)
    .await
}

/// It runs now, unless it does or has come to an end.
pub async fn start(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update operations set state = 'running', started_at = now() where id = $1 and state = 'queued'", id)
        .execute(executor)
        .await
        .map(drop)
}

/// It made `release_id`.
pub async fn set_release(executor: impl PgExecutor<'_>, id: i64, release_id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update operations set release_id = $2 where id = $1", id, release_id)
        .execute(executor)
        .await
        .map(drop)
}

/// It is done, unless it was cancelled; its audit row says so.
pub async fn finish(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with ended as (update operations set state = 'done', finished_at = now()
            where id = $1 and state in ('queued', 'running') returning id)
         update audit set outcome = 'done' from ended where operation_id = ended.id and outcome = 'begun'",
        id
    )
    .execute(executor)
    .await
    .map(drop)
}

/// It failed, unless it was cancelled; the client is answered `answer`, and its audit row says so.
pub async fn fail(executor: impl PgExecutor<'_>, id: i64, answer: &Answer) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with ended as (update operations set state = 'failed', error = $2, finished_at = now()
            where id = $1 and state in ('queued', 'running') returning id)
         update audit set outcome = 'failed' from ended where operation_id = ended.id and outcome = 'begun'",
        id,
        Json(answer) as _
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Cancels what is open and answers the ids.
pub async fn cancel_all(executor: impl PgExecutor<'_>, app_id: i64, answer: &Answer) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"with ended as (update operations set state = 'cancelled', error = $2, finished_at = now()
            where app_id = $1 and state in ('queued', 'running') returning id),
         told as (update audit set outcome = 'failed' from ended where operation_id = ended.id and outcome = 'begun')
         select id as "id!" from ended"#,
        app_id,
        Json(answer) as _
    )
    .fetch_all(executor)
    .await
}

/// Where the operation stands; none when its app is gone.
pub async fn status(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<Status>, sqlx::Error> {
    let row =
        sqlx::query!(r#"select state, release_id, error as "error: Json<Answer>" from operations where id = $1"#, id)
            .fetch_optional(executor)
            .await?;
    let Some(row) = row else { return Ok(None) };
    match (row.state.as_str(), row.release_id, row.error) {
        ("queued" | "running", _, _) => Ok(Some(Status::Open)),
        ("done", Some(release), _) => Ok(Some(Status::Done(release))),
        ("failed" | "cancelled", _, Some(answer)) => Ok(Some(Status::Failed(answer.0))),
        (state, ..) => Err(super::decode(format!("operation {id} is {state} without an outcome"))),
    }
}

/// Forgets operations that ended a day ago: as long as a client may ask for their outcome by its key.
pub async fn sweep(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    // The newest stays: the next one's place in the queue is counted from it.
    sqlx::query!(
        "delete from operations o where finished_at < now() - interval '1 day'
            and seq < (select max(seq) from operations where app_id = o.app_id)"
    )
    .execute(executor)
    .await
    .map(drop)
}
