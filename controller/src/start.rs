//! From a configuration to a controller that serves.

use std::{os::unix::net::UnixListener, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use axum::Router;
use sqlx::{
    Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    autoscale, db, delivery, drains, housekeeping, internal, logs,
    platform::Platform,
    pulse::Pulse,
    pushes, serve,
    signals::Signals,
    state::{Settings, Shared, State},
    vault::Vault,
    worker,
};

/// Connections to PostgreSQL.
const CONNECTIONS: u32 = 20;
/// Time in which a connection must be had.
const ACQUIRE: Duration = Duration::from_secs(5);
/// A connection that was used within this time is believed to be there.
const RESTED: Duration = Duration::from_millis(100);
/// Time for which the database is awaited at the start.
const DATABASE_PATIENCE: Duration = Duration::from_mins(1);
/// Time for which answers under way are finished after the controller was asked to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// Time for which sessions, told that the controller stops, are waited for.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a controller is given.
pub struct Config {
    /// Where PostgreSQL is. May be a transaction pooler.
    pub database_url: String,
    /// A connection with session state, for LISTEN and migrations. Same as `database_url` when that is no pooler.
    pub direct_database_url: Option<String>,
    /// See [`Vault`].
    pub key_file: PathBuf,
    /// Lines `<component> <SHA-256 of its credential, hexadecimal>`.
    pub components_file: PathBuf,
    /// Where lines of apps are kept.
    pub logs_dir: PathBuf,
    /// The operator's choices.
    pub settings: Settings,
    /// What runs instances, made for this installation.
    pub platform: PlatformMaker,
}

/// Makes the platform once the installation is known.
pub type PlatformMaker = Box<dyn FnOnce(Uuid) -> anyhow::Result<Arc<dyn Platform>> + Send>;

/// Where a controller listens.
pub struct Listeners {
    /// The public API; its only client is the router.
    pub api: UnixListener,
    /// What router and builder ask.
    pub internal: UnixListener,
}

/// Serves until `shutdown`, then gives up its leases and finishes the answers under way.
pub async fn run(config: Config, listeners: Listeners, shutdown: CancellationToken) -> anyhow::Result<()> {
    let listening = shutdown.child_token();
    let state = prepare(config, &listening).await?;
    let api = serve(listeners.api, crate::http::router(state.clone()), shutdown.clone())?;
    let internal = serve(listeners.internal, internal::router(state.clone()), shutdown.clone())?;
    let workers = tokio::spawn(worker::run(state.clone(), shutdown.clone()));
    let builds = tokio::spawn(pushes::run(state.clone(), shutdown.clone()));
    let deliveries = tokio::spawn(delivery::run(state.clone(), shutdown.clone()));
    let drains = tokio::spawn(drains::run(state.clone(), shutdown.clone()));
    tokio::spawn(housekeeping::run(state.clone(), shutdown.clone()));
    tokio::spawn(autoscale::run(state.clone(), shutdown.clone()));
    tracing::info!(installation = %state.installation.uuid, process = %state.process, "serving");
    shutdown.cancelled().await;
    state.sessions.close();
    if tokio::time::timeout(FAREWELL, state.sessions.wait()).await.is_err() {
        tracing::warn!("sessions were cut off: their clients did not listen");
    }
    workers.await?;
    builds.await?;
    state.collector.shutdown().await;
    drains.await?;
    // Streams on it do not end by themselves; router and builder connect to the next controller.
    internal.abort();
    if tokio::time::timeout(DRAIN, api).await.is_err() {
        tracing::warn!("answers were cut off: they took longer than {} s", DRAIN.as_secs());
    }
    // Last, so that a hook that does not answer takes its time beside all that.
    Ok(deliveries.await?)
}

async fn prepare(config: Config, shutdown: &CancellationToken) -> anyhow::Result<State> {
    let vault = Vault::load(&config.key_file)?;
    let process = Uuid::now_v7();
    let pool = connect(&config, process).await?;
    let direct = config.direct_database_url.clone().unwrap_or_else(|| config.database_url.clone());
    let installation = db::installation::open(&pool, &vault).await?;
    let components = read_components(&config.components_file)?;
    db::installation::replace_components(&pool, &components).await?;
    let platform = (config.platform)(installation.uuid)?;
    let logs = Arc::new(logs::Store::open(&config.logs_dir, logs::Limits::default())?);
    Ok(State::new(Shared {
        pulse: Pulse::feel(pool.clone(), shutdown.clone()),
        collector: logs::Collector::new(logs.clone(), platform.clone()),
        logs,
        pool,
        vault,
        platform,
        signals: Signals::start(Some(direct), shutdown.clone()),
        installation,
        sessions: TaskTracker::new(),
        process,
        settings: config.settings,
    }))
}

async fn connect(config: &Config, process: Uuid) -> anyhow::Result<PgPool> {
    let direct = config.direct_database_url.as_ref().unwrap_or(&config.database_url);
    migrate(direct).await?;
    let options: PgConnectOptions = config.database_url.parse().context("the database URL is not valid")?;
    // Whoever looks at the database's sessions sees which controller each is of, and finds it in the owners of leases.
    let options = options.application_name(&format!("slipway controller {process}"));
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE);
    // Whether the database is still there is asked of connections that have rested, not before every statement.
    let pool = pool.test_before_acquire(false).before_acquire(|connection, about| {
        Box::pin(async move {
            if about.idle_for > RESTED {
                connection.ping().await?;
            }
            Ok(true)
        })
    });
    Ok(pool.connect_lazy_with(options))
}

/// Brings the schema up to date. Waits for a database that is just starting.
async fn migrate(url: &str) -> anyhow::Result<()> {
    let options: PgConnectOptions = url.parse().context("the database URL is not valid")?;
    // A migration that cannot get its lock soon must not make every request wait behind it.
    let options = options.options([("lock_timeout", "2s")]);
    let begun = std::time::Instant::now();
    let pool = loop {
        match PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await {
            Ok(pool) => break pool,
            Err(error) if begun.elapsed() > DATABASE_PATIENCE => {
                return Err(error).context("the database cannot be reached");
            }
            Err(error) => tracing::info!(%error, "waiting for the database"),
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    let mut migrator = sqlx::migrate!("../migrations");
    // An older controller starts on a newer schema: migrations only add.
    migrator.set_ignore_missing(true);
    migrator.run(&pool).await.context("the database cannot be brought up to date")?;
    pool.close().await;
    Ok(())
}

fn read_components(path: &std::path::Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match line.split_once(' ').map(|(name, hash)| (name, hex::decode(hash.trim()))) {
            Some((name, Ok(hash))) if hash.len() == 32 => Ok((name.to_owned(), hash)),
            _ => bail!("a line of {} is not `<component> <SHA-256>`", path.display()),
        })
        .collect()
}

fn serve(listener: UnixListener, router: Router, shutdown: CancellationToken) -> anyhow::Result<JoinHandle<()>> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::UnixListener::from_std(listener)?;
    Ok(tokio::spawn(serve::serve(listener, router, shutdown)))
}

#[cfg(test)]
mod tests;
