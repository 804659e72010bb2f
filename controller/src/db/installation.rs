//! The one row about the installation itself, and the credentials of its components.

use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use super::transaction;
use crate::vault::Vault;

/// Who we are.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Labels everything of ours on the platform.
    pub uuid: Uuid,
    /// See [`api::routes`].
    pub routes_epoch: i64,
}

/// Finds the row or makes it, and fails when it was sealed with another key.
pub async fn open(pool: &PgPool, vault: &Vault) -> anyhow::Result<Installation> {
    let uuid = Uuid::now_v7();
    let canary = vault.canary(uuid)?;
    sqlx::query!("insert into installation (uuid, key_canary) values ($1, $2) on conflict do nothing", uuid, canary)
        .execute(pool)
        .await?;
    let row = sqlx::query!("select uuid, key_canary, routes_epoch from installation").fetch_one(pool).await?;
    vault.check_canary(row.uuid, &row.key_canary).map_err(|error| {
        error.context("the key file is not the one this database was made with; put the right one in its place")
    })?;
    Ok(Installation { uuid: row.uuid, routes_epoch: row.routes_epoch })
}

/// The installation's uuid and the canary of its key, if this database is one's. To be had without the key.
pub async fn find(executor: impl PgExecutor<'_>) -> Result<Option<(Uuid, Vec<u8>)>, sqlx::Error> {
    let row = sqlx::query!("select uuid, key_canary from installation").fetch_optional(executor).await?;
    Ok(row.map(|row| (row.uuid, row.key_canary)))
}

/// The next version of the routes, under a lock that is held until the transaction ends.
pub async fn next_routes_version(executor: impl PgExecutor<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("update installation set routes_version = routes_version + 1 returning routes_version")
        .fetch_one(executor)
        .await
}

/// Makes `credentials` (component, SHA-256) the only valid ones.
pub async fn replace_components(pool: &PgPool, credentials: &[(String, Vec<u8>)]) -> Result<(), sqlx::Error> {
    let (names, hashes): (Vec<String>, Vec<Vec<u8>>) = credentials.iter().cloned().unzip();
    let mut tx = transaction::begin(pool).await?;
    sqlx::query!("delete from components").execute(&mut *tx).await?;
    sqlx::query!(
        "insert into components (name, credential_sha256) select * from unnest($1::text[], $2::bytea[])
         on conflict do nothing",
        &names,
        &hashes
    )
    .execute(&mut *tx)
    .await?;
    transaction::commit(tx).await
}

/// The component whose credential has this hash.
pub async fn find_component(executor: impl PgExecutor<'_>, sha256: &[u8]) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("select name from components where credential_sha256 = $1", sha256)
        .fetch_optional(executor)
        .await
}
