//! What requests with an `Idempotency-Key` were answered.

use serde_json::Value;
use sqlx::PgExecutor;

/// How long a request may go without renewing its hold before another may be made in its place.
pub const HOLD_SECONDS: f64 = 10.0;

/// Which request.
#[derive(Clone, Debug)]
pub struct Key {
    /// Whose.
    pub user_id: i64,
    /// The app's uuid, or empty for requests that are not about one app.
    pub scope: String,
    /// Hash of what the client sent.
    pub key_sha256: Vec<u8>,
    /// Hash of the key, method, path and body.
    pub request_sha256: Vec<u8>,
}

/// What is known of a request.
#[derive(Clone, Debug)]
pub struct Known {
    /// As in [`Key`], of the request that used the key first.
    pub request_sha256: Vec<u8>,
    /// The operation that it started, whose outcome is its answer.
    pub operation_id: Option<i64>,
    /// The status it was answered with.
    pub status: Option<i32>,
    /// The body it was answered with.
    pub body: Option<Value>,
}

/// Takes the right to answer the request: true for the first one, and when the one that had it died.
pub async fn claim(executor: impl PgExecutor<'_>, key: &Key) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into idempotency_keys as k (user_id, scope, key_sha256, request_sha256, held_until)
         values ($1, $2, $3, $4, now() + make_interval(secs => $5))
         on conflict (user_id, scope, key_sha256) do update set held_until = excluded.held_until
         where k.request_sha256 = excluded.request_sha256 and k.operation_id is null and k.status is null
            and k.held_until < now()",
        key.user_id,
        key.scope,
        key.key_sha256,
        key.request_sha256,
        HOLD_SECONDS
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What is known of the request with that key.
pub async fn find(executor: impl PgExecutor<'_>, key: &Key) -> Result<Option<Known>, sqlx::Error> {
    sqlx::query_as!(
        Known,
        "select request_sha256, operation_id, status, body from idempotency_keys
         where user_id = $1 and scope = $2 and key_sha256 = $3",
        key.user_id,
        key.scope,
        key.key_sha256
    )
    .fetch_optional(executor)
    .await
}

/// Says that the request is still being answered.
pub async fn renew(executor: impl PgExecutor<'_>, key: &Key) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update idempotency_keys set held_until = now() + make_interval(secs => $4)
         where user_id = $1 and scope = $2 and key_sha256 = $3",
        key.user_id,
        key.scope,
        key.key_sha256,
        HOLD_SECONDS
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Notes which operation the request started, in the transaction that queues it. False when the request was made by
/// somebody else meanwhile, who took us for dead: it must not be made again.
pub async fn attach(executor: impl PgExecutor<'_>, key: &Key, operation_id: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update idempotency_keys set operation_id = $4
         where user_id = $1 and scope = $2 and key_sha256 = $3 and operation_id is null and status is null",
        key.user_id,
        key.scope,
        key.key_sha256,
        operation_id
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the answer. False as for [`attach`].
pub async fn finish(
    executor: impl PgExecutor<'_>,
    key: &Key,
    status: u16,
    body: Option<&Value>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update idempotency_keys set status = $4, body = $5
         where user_id = $1 and scope = $2 and key_sha256 = $3 and operation_id is null and status is null",
        key.user_id,
        key.scope,
        key.key_sha256,
        i32::from(status),
        body
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets a request that changed nothing, so that it can be made again: it kept no answer and started no operation, or
/// one that could not be begun at the time and was answered 503.
pub async fn forget(executor: impl PgExecutor<'_>, key: &Key) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from idempotency_keys where user_id = $1 and scope = $2 and key_sha256 = $3
            and (operation_id is null and coalesce(status, 400) >= 400 or exists (select from operations
                where id = operation_id and state = 'failed' and error -> 'status' = '503'))",
        key.user_id,
        key.scope,
        key.key_sha256
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Drops what is older than a day.
pub async fn sweep(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from idempotency_keys where created_at < now() - interval '1 day'")
        .execute(executor)
        .await
        .map(drop)
}
