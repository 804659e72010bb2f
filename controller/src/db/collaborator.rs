//! Who may use an app beside its owner.

use sqlx::PgExecutor;

/// Gives the user the right. False when the user had it.
pub async fn insert(executor: impl PgExecutor<'_>, app_id: i64, user_id: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into collaborators (app_id, user_id) values ($1, $2) on conflict do nothing",
        app_id,
        user_id
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the right away. False when the user did not have it.
pub async fn delete(executor: impl PgExecutor<'_>, app_id: i64, user_id: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!("delete from collaborators where app_id = $1 and user_id = $2", app_id, user_id)
        .execute(executor)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the user has the right.
pub async fn exists(executor: impl PgExecutor<'_>, app_id: i64, user_id: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from collaborators where app_id = $1 and user_id = $2) as "exists!""#,
        app_id,
        user_id
    )
    .fetch_one(executor)
    .await
}

/// Names of the collaborators, sorted.
pub async fn list(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "select u.username from collaborators c join users u on u.id = c.user_id where c.app_id = $1
         order by u.username",
        app_id
    )
    .fetch_all(executor)
    .await
}
