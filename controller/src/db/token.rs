//! Tokens. Only their hashes are here; what a client holds is shown once and never stored.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::user::User;

/// A token that is good now, and whose it is.
pub struct Bearer {
    /// The token's id.
    pub token_id: i64,
    /// Its user.
    pub user: User,
}

struct Row {
    token_id: i64,
    id: i64,
    username: String,
    email: String,
    first_name: String,
    last_name: String,
    is_superuser: bool,
    is_active: bool,
    last_login_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<Row> for Bearer {
    fn from(row: Row) -> Self {
        let user = User {
            id: row.id,
            username: row.username,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            is_superuser: row.is_superuser,
            is_active: row.is_active,
            last_login_at: row.last_login_at,
            created_at: row.created_at,
        };
        Self { token_id: row.token_id, user }
    }
}

/// Adds a login token.
pub async fn insert_login(executor: impl PgExecutor<'_>, user_id: i64, sha256: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into tokens (uuid, user_id, kind, sha256) values ($1, $2, 'login', $3)",
        Uuid::now_v7(),
        user_id,
        sha256
    )
    .execute(executor)
    .await
    .map(drop)
}

/// The token with that hash, unless it has expired.
pub async fn find(executor: impl PgExecutor<'_>, sha256: &[u8]) -> Result<Option<Bearer>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "select t.id as token_id, u.id, u.username, u.email, u.first_name, u.last_name, u.is_superuser, u.is_active,
            u.last_login_at, u.created_at
         from tokens t join users u on u.id = t.user_id
         where t.sha256 = $1 and (t.expires_at is null or t.expires_at > now())",
        sha256
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(Bearer::from))
}

/// Revokes the user's login tokens, all but the one with the id `keep`.
pub async fn revoke_logins(executor: impl PgExecutor<'_>, user_id: i64, keep: Option<i64>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from tokens where user_id = $1 and kind = 'login' and id is distinct from $2", user_id, keep)
        .execute(executor)
        .await
        .map(drop)
}

/// Revokes everybody's login tokens.
pub async fn revoke_all_logins(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from tokens where kind = 'login'").execute(executor).await.map(drop)
}
