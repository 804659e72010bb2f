//! Builds as an app's history shows them when asked for all: those that made a release, and pushes that made none (yet).

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, types::Json};
use uuid::Uuid;

use super::build::Procfile;

/// A build, or a push without one.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Public identity.
    pub uuid: Uuid,
    /// Username of whoever made it.
    pub owner: String,
    /// The image as the user named it; none as long as there is none.
    pub image: Option<String>,
    /// The commit, or empty.
    pub sha: String,
    /// Process types and their commands.
    pub procfile: Json<Procfile>,
    /// Non-empty when a Dockerfile was built.
    pub dockerfile: String,
    /// Where its push stands, if it was pushed.
    pub state: Option<String>,
    /// Why the push made no release.
    pub reason: Option<String>,
    /// When it was made, or received.
    pub created_at: DateTime<Utc>,
    /// When it was over, if it was pushed.
    pub updated_at: DateTime<Utc>,
}

/// Newest first.
pub async fn list(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        r#"select coalesce(b.uuid, p.uuid) as "uuid!", coalesce(u.username, v.username) as "owner!",
            b.image_given as "image?", coalesce(b.sha, p.sha) as "sha!",
            coalesce(b.procfile, '{}') as "procfile!: Json<Procfile>",
            coalesce(b.dockerfile, case p.kind when 'dockerfile' then 'true' else '' end) as "dockerfile!",
            p.state as "state?", p.reason as "reason?", coalesce(p.created_at, b.created_at) as "created_at!",
            coalesce(p.finished_at, p.created_at, b.created_at) as "updated_at!"
         from (select * from builds where app_id = $1) b
         full join (select * from pushes where app_id = $1) p on p.uuid = b.uuid
         left join users u on u.id = b.user_id left join users v on v.id = p.user_id
         order by coalesce(p.created_at, b.created_at) desc, b.id desc nulls first limit $2 offset $3"#,
        app_id,
        limit,
        offset
    )
    .fetch_all(executor)
    .await
}

/// How many there are.
pub async fn count(executor: impl PgExecutor<'_>, app_id: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select (select count(*) from builds where app_id = $1) + (select count(*) from pushes p where app_id = $1
            and not exists (select 1 from builds b where b.uuid = p.uuid)) as "count!""#,
        app_id
    )
    .fetch_one(executor)
    .await
}
