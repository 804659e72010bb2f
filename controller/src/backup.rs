//! What a backup of one machine must know of the database and the engine, and what a restored database must be told.
//!
//! Files are not this crate's affair: whoever makes a backup writes and reads them.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, bail, ensure};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

pub use crate::{
    db::backup::Needed,
    platform::docker::{Image, Images},
};
use crate::{
    db::{self, backup as rows},
    vault::{Place, Vault},
};

/// PostgreSQL's code for a table that does not exist.
const UNDEFINED_TABLE: &str = "42P01";

/// What a database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Whose it is.
    pub installation: Uuid,
    /// How many rows each table has.
    pub tables: BTreeMap<String, i64>,
    /// What its apps need to run and to roll back.
    pub images: Vec<Needed>,
}

/// The database at one moment, for as long as this lives.
pub struct Snapshot {
    connection: PgConnection,
    /// The name by which `pg_dump` sees the same moment.
    pub name: String,
    /// What it holds.
    pub contents: Contents,
}

impl Snapshot {
    /// Holds on to this moment.
    pub async fn take(url: &str) -> anyhow::Result<Self> {
        let mut connection = connect(url).await?;
        let name = rows::begin(&mut connection).await.context("the database gives no snapshot")?;
        let contents = contents(&mut connection).await?;
        Ok(Self { connection, name, contents })
    }

    /// Lets the moment go.
    pub async fn end(self) {
        // The database notices either way.
        let _ = self.connection.close().await;
    }
}

/// Reads a restored database, and opens with the key what was sealed with it.
pub async fn check(url: &str, key: &str) -> anyhow::Result<Contents> {
    let vault = Vault::parse(key).context("the key is damaged")?;
    let mut connection = connect(url).await?;
    let contents = contents(&mut connection).await?;
    let (installation, canary) = rows::canary(&mut connection).await?.context("it is no installation's")?;
    vault.check_canary(installation, &canary).context("the key is not the one this database was made with")?;
    for config in rows::configs(&mut connection).await? {
        let place = Place { app: config.app, row: config.row };
        vault
            .open(place, &config.blob)
            .with_context(|| format!("the key does not open the config of {}", config.name))?;
    }
    connection.close().await?;
    Ok(contents)
}

/// Fails unless the database is empty: one that is used must not be mixed with another.
pub async fn ensure_empty(url: &str) -> anyhow::Result<()> {
    let mut connection = connect(url).await?;
    let tables = rows::tables(&mut connection).await?;
    ensure!(
        tables.is_empty(),
        "the database is not empty (it has {}): name an empty one, or drop it and create it anew",
        tables.into_keys().collect::<Vec<_>>().join(", ")
    );
    Ok(connection.close().await?)
}

/// Makes a restored database this machine's: it forgets the other one, and names images by their ids here.
pub async fn adopt(url: &str, images: &[Image]) -> anyhow::Result<()> {
    let mut connection = connect(url).await?;
    let (references, ids): (Vec<_>, Vec<_>) =
        images.iter().map(|image| (image.reference.clone(), image.id.clone())).unzip();
    let mut tx = connection.begin().await?;
    rows::forget_machine(&mut tx).await?;
    rows::name_images(&mut tx, &references, &ids).await?;
    db::commit(tx).await?;
    Ok(connection.close().await?)
}

/// The way to the engine.
#[must_use]
pub fn images(socket: &Path) -> Images {
    Images::new(socket)
}

async fn connect(url: &str) -> anyhow::Result<PgConnection> {
    PgConnection::connect(url).await.context("the database cannot be reached")
}

async fn contents(connection: &mut PgConnection) -> anyhow::Result<Contents> {
    let installation = match rows::canary(&mut *connection).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => None,
        found => found?,
    };
    let Some((installation, _)) = installation else {
        bail!("no controller has ever run on this database: there is nothing in it yet");
    };
    Ok(Contents {
        installation,
        tables: rows::tables(connection).await?,
        images: rows::needed_images(connection).await?,
    })
}
