//! `slipway backup` and `slipway restore`: a whole installation in two files, the data in one and the keys in the other.
//!
//! What is written is read again before it gets its name: the database is restored into a server of its own, checksums
//! tell of everything else. So no file is called a backup from which an installation could not be made.

mod collect;
mod database;
mod draft;
mod folders;
mod images;
mod keys;
mod last;
mod manifest;
mod place;
mod progress;
mod reader;
mod report;
mod repositories;
mod restore;
mod saved;
mod scratch;
mod sum;
mod verify;
mod writer;

use std::{
    fs::{File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use chrono::Utc;
use clap::Args;
use tokio::{runtime::Handle, task};
use tokio_util::sync::CancellationToken;

use self::{
    collect::Origin,
    keys::Keys,
    reader::Reader,
    report::{Done, Report},
    verify::Verifier,
    writer::Writer,
};
pub use self::{
    last::LastBackup,
    restore::{RestoreOptions, run as restore},
};
use super::{
    account::Account,
    installation::Installation,
    paths::Paths,
    postgres::{self, Programs},
};

/// Apps come first: how much of a processor this leaves to others.
const NICENESS: i32 = 10;

/// What of the machine a backup is made from, or restored to.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Machine")]
pub struct Machine {
    /// The database, where `slipway standalone` is given one (better in the environment: it may hold a password)
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The same database past a transaction pooler
    #[arg(long, env = "DATABASE_DIRECT_URL", value_name = "URL", hide_env_values = true)]
    database_direct_url: Option<String>,
    /// Folder of PostgreSQL's programs [default: the newest in /usr/lib/postgresql/*/bin, else the PATH]
    #[arg(long, env = "SLIPWAY_PG_BIN", value_name = "DIR")]
    pg_bin: Option<PathBuf>,
    /// Socket of the container engine
    #[arg(long, env = "SLIPWAY_DOCKER_SOCKET", value_name = "PATH", default_value = "/var/run/docker.sock")]
    docker_socket: PathBuf,
}

impl Machine {
    /// The database that the operator named.
    fn named(&self) -> Option<&str> {
        self.database_direct_url.as_deref().or(self.database_url.as_deref())
    }
}

/// Options of `slipway backup`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Backup")]
pub struct BackupOptions {
    /// Where the data go: a file, or a folder, where the file is named after the time
    #[arg(value_name = "FILE|DIR")]
    to: PathBuf,
    /// Where the keys go: a file, or another folder. Whoever has both files has everything, so keep them apart
    #[arg(long, value_name = "FILE|DIR")]
    keys: PathBuf,
    /// Print one JSON object about the backup
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
}

/// Makes a backup, verifies it, and says so.
pub async fn run(installation: Installation, options: BackupOptions, stop: CancellationToken) -> Result<()> {
    super::ensure_root("slipway backup")?;
    let json = options.json;
    let report = apart(move || async move { make(&installation, &options, stop).await }).await?;
    Ok(write!(std::io::stdout(), "{}", report.text(json)?)?)
}

/// Does work that reads and writes files where nobody waits for it, and behind those who serve.
async fn apart<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>>,
{
    let runtime = Handle::current();
    let work = task::spawn_blocking(move || {
        // One that may not be modest is as good.
        let _ = rustix::process::nice(NICENESS);
        runtime.block_on(work())
    });
    work.await.context("the work was broken off")?
}

async fn make(installation: &Installation, options: &BackupOptions, stop: CancellationToken) -> Result<Report> {
    let (paths, name) = (installation.paths()?, installation.name.as_str());
    let programs = Programs::find(options.machine.pg_bin.as_ref())?;
    let verifier = Verifier::find(programs.clone(), name)?;
    let origin = origin(&paths, name, &options.machine, programs)?;
    let _lock = lock(&paths)?;
    let (target, keys_target) = targets(options)?;
    let mut writer = Writer::begin(&target, stop.clone())?;
    let manifest = origin.collect(&mut writer).await?;
    let keys = Keys::of(&paths, manifest.installation)?.write(&keys_target)?;
    let draft = writer.finish(&manifest)?;
    let reader = Reader::open(draft.path())?;
    let proof = verifier.verify(&reader, &Keys::read(keys.path())?).await;
    proof.context("the backup was not kept, because it cannot be restored")?;
    ensure!(!stop.is_cancelled(), "stopped by a signal");
    let last = LastBackup { made_at: manifest.made_at, file: target.clone() };
    let report = Report::of(Done::Verified, &reader, target, keys_target)?;
    keys.keep()?;
    draft.keep()?;
    // The backup is as good without it.
    if let Err(error) = last.write(&paths) {
        progress::say(format_args!("slipway doctor will not know of it: {error:#}"));
    }
    Ok(report)
}

fn origin(paths: &Paths, name: &str, machine: &Machine, programs: Programs) -> Result<Origin> {
    let url = match machine.named() {
        Some(url) => url.to_owned(),
        None if paths.postgres().join("PG_VERSION").exists() => postgres::url(paths),
        None => bail!(
            "{} holds no database: name the installation (--name, --data-dir), or its database where it is not a private \
             one (DATABASE_URL)",
            paths.data.display()
        ),
    };
    Ok(Origin {
        paths: paths.clone(),
        url,
        programs,
        engine: controller::backup::images(&machine.docker_socket),
        builder: Account::find(&format!("{name}-builder"))?,
    })
}

/// One backup at a time: each costs as much as the machine can spare.
fn lock(paths: &Paths) -> Result<File> {
    let path = paths.run.join("backup.lock");
    let lock = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = lock.with_context(|| format!("cannot open {}; is the platform running?", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!("another backup of this installation is under way"),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock"),
    }
}

/// The files of data and keys.
fn targets(options: &BackupOptions) -> Result<(PathBuf, PathBuf)> {
    let time = Utc::now().format("%Y%m%dT%H%M%SZ");
    let target = |named: &Path, name: String| {
        let path = if named.is_dir() { named.join(name) } else { named.to_owned() };
        std::path::absolute(&path).with_context(|| format!("{} is no path", path.display()))
    };
    let data = target(&options.to, format!("slipway-{time}.tar"))?;
    let keys = target(&options.keys, format!("slipway-{time}.keys"))?;
    ensure!(data != keys, "the keys must not be in the file of the data: name another one with --keys");
    Ok((data, keys))
}
