//! SSH keys of users. Each belongs to one user of the whole installation.

use api::names::{KeyId, PublicKey};
use chrono::{DateTime, Utc};
use md5::Md5;
use sha2::{Digest, Sha256};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::user::User;
use crate::error::Error;

/// A key.
#[derive(Clone, Debug)]
pub struct Key {
    /// Public identity.
    pub uuid: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// In OpenSSH's form, with the comment.
    pub public: String,
    /// See [`fingerprint`].
    pub fingerprint: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// MD5 of the key, in pairs of digits with colons between.
#[must_use]
pub fn fingerprint(key: &PublicKey) -> String {
    Md5::digest(key.blob()).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// Gives the key to the user.
pub async fn insert(executor: impl PgExecutor<'_>, user_id: i64, name: &KeyId, key: &PublicKey) -> Result<Key, Error> {
    sqlx::query_as!(
        Key,
        r#"insert into keys (uuid, user_id, name, public, fingerprint, sha256) values ($1, $2, $3, $4, $5, $6)
         returning uuid, name, (select username from users where id = user_id) as "owner!", public, fingerprint, created_at"#,
        Uuid::now_v7(),
        user_id,
        name.as_str(),
        key.as_str(),
        fingerprint(key),
        &sha256(key)
    )
    .fetch_one(executor)
    .await
    .map_err(|error| match error.as_database_error().and_then(|database| database.constraint()) {
        Some("keys_name_key") => Error::field("id", "SSH Key with this id already exists."),
        Some("keys_sha256_key" | "keys_fingerprint_key") => Error::field("public", "Public Key is already in use"),
        _ => Error::from(error),
    })
}

/// The user's keys, by their text.
pub async fn list(
    executor: impl PgExecutor<'_>,
    user_id: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<Key>, sqlx::Error> {
    sqlx::query_as!(
        Key,
        r#"select k.uuid, k.name, u.username as owner, k.public, k.fingerprint, k.created_at
         from keys k join users u on u.id = k.user_id
         where k.user_id = $1 order by k.public collate "C" limit $2 offset $3"#,
        user_id,
        limit,
        offset
    )
    .fetch_all(executor)
    .await
}

/// How many keys the user has.
pub async fn count(executor: impl PgExecutor<'_>, user_id: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from keys where user_id = $1"#, user_id)
        .fetch_one(executor)
        .await
}

/// The user's key of that name.
pub async fn find(executor: impl PgExecutor<'_>, user_id: i64, name: &str) -> Result<Option<Key>, sqlx::Error> {
    sqlx::query_as!(
        Key,
        "select k.uuid, k.name, u.username as owner, k.public, k.fingerprint, k.created_at
         from keys k join users u on u.id = k.user_id where k.user_id = $1 and k.name = $2",
        user_id,
        name
    )
    .fetch_optional(executor)
    .await
}

/// Takes the key of that name from the user. False when there is none.
pub async fn delete(executor: impl PgExecutor<'_>, user_id: i64, name: &str) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query!("delete from keys where user_id = $1 and name = $2", user_id, name).execute(executor).await?;
    Ok(done.rows_affected() == 1)
}

/// The active user whose key this is.
pub async fn find_owner(executor: impl PgExecutor<'_>, key: &PublicKey) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        "select u.id, u.username, u.email, u.first_name, u.last_name, u.is_superuser, u.is_active, u.last_login_at, u.created_at
         from keys k join users u on u.id = k.user_id where k.sha256 = $1 and u.is_active",
        &sha256(key)
    )
    .fetch_optional(executor)
    .await
}

/// The active user whose key has that [`fingerprint`].
pub async fn find_owner_by_fingerprint(
    executor: impl PgExecutor<'_>,
    fingerprint: &str,
) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        "select u.id, u.username, u.email, u.first_name, u.last_name, u.is_superuser, u.is_active, u.last_login_at, u.created_at
         from keys k join users u on u.id = k.user_id where k.fingerprint = $1 and u.is_active",
        fingerprint
    )
    .fetch_optional(executor)
    .await
}

/// The keys of the app's active collaborators, in the order in which they were added.
pub async fn list_of_collaborators(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<Key>, sqlx::Error> {
    sqlx::query_as!(
        Key,
        "select k.uuid, k.name, u.username as owner, k.public, k.fingerprint, k.created_at
         from keys k join users u on u.id = k.user_id join collaborators c on c.user_id = u.id
         where c.app_id = $1 and u.is_active order by k.id",
        app_id
    )
    .fetch_all(executor)
    .await
}

fn sha256(key: &PublicKey) -> Vec<u8> {
    Sha256::digest(key.blob()).to_vec()
}

#[cfg(test)]
mod tests {
    use api::names::PublicKey;

    use super::fingerprint;

    #[test]
    fn fingerprints_are_those_of_ssh_keygen() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0 ana@laptop";
        let key = PublicKey::parse(key).unwrap();
        assert_eq!(fingerprint(&key), "d1:9c:80:76:b6:3f:38:38:76:d0:6d:27:25:3f:23:7f");
    }
}
