//! Users. Password hashes leave this file only for the two who compare them.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::OnConstraint;
use crate::error::Error;

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Joins.
    pub id: i64,
    /// Unique name.
    pub username: String,
    /// May be empty.
    pub email: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// May do everything with every app.
    pub is_superuser: bool,
    /// False shuts the user out.
    pub is_active: bool,
    /// When the user last logged in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// When the user registered.
    pub created_at: DateTime<Utc>,
}

/// What a new user starts with.
pub struct NewUser<'a> {
    /// Unique name, parsed.
    pub username: &'a str,
    /// May be empty.
    pub email: &'a str,
    /// May be empty.
    pub first_name: &'a str,
    /// May be empty.
    pub last_name: &'a str,
    /// PHC string.
    pub password_hash: &'a str,
    /// An administrator.
    pub is_superuser: bool,
}

/// What a password is compared with.
pub struct Login {
    /// Joins.
    pub id: i64,
    /// False shuts the user out.
    pub is_active: bool,
    /// PHC string.
    pub password_hash: String,
}

/// Adds a user.
pub async fn insert(executor: impl PgExecutor<'_>, user: NewUser<'_>) -> Result<User, Error> {
    sqlx::query_as!(
        User,
        "insert into users (uuid, username, email, first_name, last_name, password_hash, is_superuser)
         values ($1, $2, $3, $4, $5, $6, $7)
         returning id, username, email, first_name, last_name, is_superuser, is_active, last_login_at, created_at",
        Uuid::now_v7(),
        user.username,
        user.email,
        user.first_name,
        user.last_name,
        user.password_hash,
        user.is_superuser
    )
    .fetch_one(executor)
    .await
    .on_constraint("users_username_key", || Error::field("username", "A user with that username already exists."))
}

/// The user of that name.
pub async fn find(executor: impl PgExecutor<'_>, username: &str) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        "select id, username, email, first_name, last_name, is_superuser, is_active, last_login_at, created_at
         from users where username = $1",
        username
    )
    .fetch_optional(executor)
    .await
}

/// What the password of the user of that name is compared with.
pub async fn find_login(executor: impl PgExecutor<'_>, username: &str) -> Result<Option<Login>, sqlx::Error> {
    sqlx::query_as!(Login, "select id, is_active, password_hash from users where username = $1", username)
        .fetch_optional(executor)
        .await
}

/// All users, by name.
pub async fn list(executor: impl PgExecutor<'_>, limit: i64, offset: i64) -> Result<Vec<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        "select id, username, email, first_name, last_name, is_superuser, is_active, last_login_at, created_at
         from users order by username limit $1 offset $2",
        limit,
        offset
    )
    .fetch_all(executor)
    .await
}

/// How many users there are.
pub async fn count(executor: impl PgExecutor<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from users"#).fetch_one(executor).await
}

/// Names of the administrators, sorted.
pub async fn list_admins(executor: impl PgExecutor<'_>, limit: i64, offset: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "select username from users where is_superuser order by username limit $1 offset $2",
        limit,
        offset
    )
    .fetch_all(executor)
    .await
}

/// How many administrators there are.
pub async fn count_admins(executor: impl PgExecutor<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from users where is_superuser"#).fetch_one(executor).await
}

/// Lets nobody else become, or cease to be, a user until the transaction ends: for decisions that hang on who is there.
pub async fn lock_all(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("lock table users in share row exclusive mode").execute(executor).await.map(drop)
}

/// Makes the user an administrator, or an ordinary user again.
pub async fn set_superuser(executor: impl PgExecutor<'_>, id: i64, is_superuser: bool) -> Result<(), sqlx::Error> {
    sqlx::query!("update users set is_superuser = $2 where id = $1", id, is_superuser).execute(executor).await.map(drop)
}

/// Sets the password.
pub async fn set_password(executor: impl PgExecutor<'_>, id: i64, password_hash: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("update users set password_hash = $2 where id = $1", id, password_hash)
        .execute(executor)
        .await
        .map(drop)
}

/// Notes that the user logged in now.
pub async fn touch_login(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update users set last_login_at = now() where id = $1", id).execute(executor).await.map(drop)
}

/// Puts everything that the user made in other people's apps under the names of these apps' owners, so that the user
/// can be deleted and the apps keep their history. Who really made it stays in summaries and in the audit rows.
pub async fn hand_over(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with
            b as (update builds r set user_id = a.owner_id from apps a where a.id = r.app_id and r.user_id = $1),
            c as (update configs r set user_id = a.owner_id from apps a where a.id = r.app_id and r.user_id = $1),
            d as (update domains r set user_id = a.owner_id from apps a where a.id = r.app_id and r.user_id = $1),
            l as (update releases r set user_id = a.owner_id from apps a where a.id = r.app_id and r.user_id = $1),
            p as (update pushes r set user_id = a.owner_id from apps a where a.id = r.app_id and r.user_id = $1),
            o as (update operations r set user_id = a.owner_id from apps a where a.id = r.app_id and r.user_id = $1),
            s as (update settings r set user_id = a.owner_id from apps a where a.id = r.app_id and r.user_id = $1)
         update runs r set user_id = a.owner_id from apps a where a.id = r.app_id and r.user_id = $1",
        id
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Deletes the user with tokens and collaborations. `username` is for the refusal while the user owns apps.
pub async fn delete(executor: impl PgExecutor<'_>, id: i64, username: &str) -> Result<(), Error> {
    sqlx::query!("delete from users where id = $1", id)
        .execute(executor)
        .await
        .on_constraint("apps_owner_id_fkey", || {
            Error::Conflict(format!("{username} still has applications assigned. Delete or transfer ownership"))
        })
        .map(drop)
}
