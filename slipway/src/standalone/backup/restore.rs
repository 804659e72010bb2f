//! `slipway restore`: an installation out of its backup, on a machine that has none; or only the question whether that
//! could be done.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{
    Machine, apart,
    keys::Keys,
    place::Place,
    progress,
    reader::Reader,
    report::{Done, Report},
    verify::Verifier,
};
use crate::standalone::{self, installation::Installation, paths::Paths, postgres::Programs};

/// Options of `slipway restore`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Backup")]
pub struct RestoreOptions {
    /// The file that `slipway backup` has made
    #[arg(value_name = "FILE")]
    from: PathBuf,
    /// The file with its keys
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// Only show that it could be restored: nothing on this machine is changed, and an installation may be there
    #[arg(long)]
    check: bool,
    /// Print one JSON object about the backup
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
}

/// Restores or checks it, and says so.
pub async fn run(installation: Installation, options: RestoreOptions, stop: CancellationToken) -> Result<()> {
    standalone::ensure_root("slipway restore")?;
    let json = options.json;
    let report = apart(move || async move { restore(&installation, &options, &stop).await }).await?;
    Ok(write!(std::io::stdout(), "{}", report.text(json)?)?)
}

async fn restore(installation: &Installation, options: &RestoreOptions, stop: &CancellationToken) -> Result<Report> {
    let (paths, name) = (installation.paths()?, installation.name.as_str());
    let engine = controller::backup::images(&options.machine.docker_socket);
    if !options.check {
        ensure_empty(&paths, name)?;
    }
    let reader = Reader::open(&options.from)?;
    let keys = Keys::read(&options.keys)?;
    if !options.check {
        let containers = engine.containers(reader.manifest.installation).await?;
        ensure!(
            containers == 0,
            "the container engine runs {containers} containers of this very installation: two of it would fight over them. \
             Where it is no longer wanted, `slipway purge` removes it"
        );
    }
    let programs = Programs::find(options.machine.pg_bin.as_ref())?;
    let proof = Verifier::find(programs.clone(), name)?.verify(&reader, &keys).await;
    proof.with_context(|| format!("{} cannot be restored", options.from.display()))?;
    ensure!(!stop.is_cancelled(), "stopped by a signal");
    if options.check {
        return Report::of(Done::Checked, &reader, options.from.clone(), options.keys.clone());
    }
    let place =
        Place { paths, name: name.to_owned(), programs, engine, named: options.machine.named().map(str::to_owned) };
    place.fill(&reader, &keys, stop).await?;
    Report::of(Done::Restored, &reader, options.from.clone(), options.keys.clone())
}

/// Nothing that is there is mixed with what was elsewhere.
fn ensure_empty(paths: &Paths, name: &str) -> Result<()> {
    let holds = |folder: &Path| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    let Some(folder) = [&paths.config, &paths.data].into_iter().find(|folder| holds(folder)) else { return Ok(()) };
    progress::say("nothing was changed");
    bail!(
        "there is an installation already: {} is not empty. Restore on a machine without one; or remove this one (`slipway \
         purge --name {name}`); or restore beside it, with --name, --config-dir, --data-dir and --run-dir of its own",
        folder.display()
    )
}
