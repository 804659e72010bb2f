//! Users' public keys: who signs a push.

use sqlx::PgExecutor;

use super::user::User;

/// The user who registered the key with this hash of its blob.
pub async fn owner_of(executor: impl PgExecutor<'_>, sha256: &[u8]) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        "select u.id, u.username, u.email, u.first_name, u.last_name, u.is_superuser, u.is_active, u.last_login_at,
            u.created_at
         from keys k join users u on u.id = k.user_id where k.sha256 = $1",
        sha256
    )
    .fetch_optional(executor)
    .await
}
