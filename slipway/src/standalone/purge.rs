//! `slipway purge`: removes the platform and everything that it made.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{
    accounts::Accounts,
    builds,
    firewall::Firewall,
    installation::Installation,
    lock::Lock,
    mounts,
    part::{Occasion, Part},
    paths::Paths,
    postgres::{self, Programs},
    process::Process,
    stop,
};

/// Options of `slipway purge`.
#[derive(Args, Clone, Debug)]
pub struct PurgeOptions {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// The database, where `slipway standalone` was given one; it is read, and left as it is
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Folder of PostgreSQL's programs, where `slipway standalone` was given one
    #[arg(long, env = "SLIPWAY_PG_BIN", value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// Socket of the container engine
    #[arg(long, env = "SLIPWAY_DOCKER_SOCKET", value_name = "PATH", default_value = "/var/run/docker.sock")]
    pub docker_socket: PathBuf,
}

/// Stops and removes everything, and says so.
pub async fn run(installation: &Installation, options: &PurgeOptions, out: &mut impl Write) -> Result<()> {
    super::ensure_root("slipway purge")?;
    let (paths, name) = (installation.paths()?, installation.name.as_str());
    if !options.yes {
        confirm(name, out)?;
    }
    stop::everything(&paths).await?;
    let lock = Lock::take(&paths)?;
    let purged = purge_engine(&paths, name, options).await?;
    builds::end_all(&builds::stack::settings(&paths)?)?;
    Firewall::remove(name)?;
    mounts::remove(&paths.data)?;
    for folder in [&paths.data, &paths.config] {
        remove(folder)?;
    }
    Accounts::remove(name)?;
    remove(&paths.run)?;
    drop(lock);
    writeln!(
        out,
        "Removed: {} containers, {} networks, {} images, and all data, keys, users and rules of {name}.",
        purged.containers, purged.networks, purged.images
    )?;
    Ok(())
}

fn confirm(name: &str, out: &mut impl Write) -> Result<()> {
    ensure!(std::io::stdin().is_terminal(), "this removes every app and all data; say so with --yes");
    write!(out, "This removes every app, all data and all keys of {name}. Type {name} to go on: ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    ensure!(answer.trim() == name, "nothing was removed");
    Ok(())
}

/// What is in the engine goes first: only the database knows what is ours.
async fn purge_engine(paths: &Paths, name: &str, options: &PurgeOptions) -> Result<controller::Purged> {
    let mut purged = controller::Purged::default();
    let key = paths.key();
    // Without a key nothing is left but the rests of a purge that was cut off.
    if let Some(url) = options.database_url.as_ref().filter(|_| key.exists()) {
        purged += controller::purge(url, Some(&key), options.docker_socket.clone()).await.context(
            "nothing was removed: --database-url (DATABASE_URL) is to name the database that this platform ran on",
        )?;
    }
    // A URL in the environment may be there for something else.
    if paths.postgres().join("PG_VERSION").exists() {
        let database = start_database(paths, name, options).await?;
        let of_ours = controller::purge(&postgres::url(paths), None, options.docker_socket.clone()).await;
        database.stop(Part::Postgres.stop_signal(), Part::Postgres.grace(Occasion::Stop)).await?;
        purged += of_ours?;
    }
    Ok(purged)
}

async fn start_database(paths: &Paths, name: &str, options: &PurgeOptions) -> Result<Process> {
    let programs = Programs::find(options.pg_bin.as_ref())?;
    let accounts = Accounts::ensure(name)?;
    super::setup::ensure_folders(paths, &accounts).context("cannot make the folders of the installation")?;
    postgres::run(&programs, paths, &accounts).await
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
