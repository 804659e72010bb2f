//! The end of an installation: nothing of it stays in the engine. Called when no controller runs any more.

use std::path::PathBuf;

use anyhow::Context;
use sqlx::{PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::{
    db,
    platform::docker::{self, Purged},
};

/// PostgreSQL's code for a table that does not exist: no controller has ever run on this database.
const UNDEFINED_TABLE: &str = "42P01";

/// Removes containers, networks and images of the installation that this database belongs to. The database itself
/// stays as it is.
pub async fn purge(database_url: &str, engine: PathBuf) -> anyhow::Result<Purged> {
    let pool = PgPoolOptions::new().max_connections(1).connect(database_url).await;
    let pool = pool.context("the database, which knows what belongs to this installation, cannot be reached")?;
    let known = known(&pool).await?;
    pool.close().await;
    let Some((installation, apps)) = known else { return Ok(Purged::default()) };
    docker::purge(engine, installation, &apps)
        .await
        .context("the container engine does not remove what belongs to this installation")
}

/// The installation and its apps.
async fn known(pool: &PgPool) -> anyhow::Result<Option<(Uuid, Vec<Uuid>)>> {
    let installation = match db::installation::find(pool).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => None,
        found => found?,
    };
    match installation {
        Some(installation) => Ok(Some((installation, db::app::all_uuids(pool).await?))),
        None => Ok(None),
    }
}
