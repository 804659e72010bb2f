//! The end of an installation: nothing of it stays in the engine. Called when no controller runs any more.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sqlx::{PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::{
    db,
    platform::docker::{self, Purged},
    vault::Vault,
};

/// PostgreSQL's code for a table that does not exist: no controller has ever run on this database.
const UNDEFINED_TABLE: &str = "42P01";

/// Removes containers, networks and images of the installation that this database belongs to. The database itself
/// stays as it is. Given a `key` file, refuses the database of an installation that has another key: whoever has the URL of one
/// in their environment need not mean that one.
pub async fn purge(database_url: &str, key: Option<&Path>, engine: PathBuf) -> anyhow::Result<Purged> {
    let pool = PgPoolOptions::new().max_connections(1).connect(database_url).await;
    let pool = pool.context("the database, which knows what belongs to this installation, cannot be reached")?;
    let known = known(&pool, key).await?;
    pool.close().await;
    let Some((installation, apps)) = known else { return Ok(Purged::default()) };
    docker::purge(engine, installation, &apps)
        .await
        .context("the container engine does not remove what belongs to this installation")
}

/// The installation and its apps.
async fn known(pool: &PgPool, key: Option<&Path>) -> anyhow::Result<Option<(Uuid, Vec<Uuid>)>> {
    let found = match db::installation::find(pool).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => None,
        found => found?,
    };
    let Some((installation, canary)) = found else { return Ok(None) };
    if let Some(key) = key {
        Vault::load(key)?.check_canary(installation, &canary).context("it is the database of another installation")?;
    }
    Ok(Some((installation, db::app::all_uuids(pool).await?)))
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::purge;
    use crate::{db, vault::Vault, worker::tests::url_of};

    #[sqlx::test(migrations = "../migrations")]
    async fn the_database_of_another_installation_is_refused(pool: PgPool) {
        let dir = tempfile::tempdir().unwrap();
        let [theirs, ours] = ["theirs", "ours"].map(|name| dir.path().join(name));
        for key in [&theirs, &ours] {
            std::fs::write(key, Vault::new_key_line()).unwrap();
        }
        let nowhere = dir.path().join("engine.sock");
        let url = url_of(&pool);
        assert_eq!(purge(&url, Some(&ours), nowhere.clone()).await.unwrap(), super::Purged::default());

        db::installation::open(&pool, &Vault::load(&theirs).unwrap()).await.unwrap();
        let error = purge(&url, Some(&ours), nowhere.clone()).await.unwrap_err();
        assert_eq!(error.to_string(), "it is the database of another installation");
        let error = purge(&url, Some(&theirs), nowhere).await.unwrap_err();
        assert!(error.to_string().starts_with("the container engine does not remove"), "{error:#}");
    }
}
