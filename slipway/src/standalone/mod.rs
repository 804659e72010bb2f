//! `slipway standalone`: the supervisor of one machine, and what else is done to its installation.
//!
//! Order of things: make what is missing, take the listening sockets back from a running router or open them, adopt or
//! start the parts, keep them, answer on the control socket. Nothing here serves a request, so that the supervisor may
//! die at any moment: the next one finds everything again.

mod accepted;
mod account;
mod accounts;
pub mod backup;
pub mod builds;
mod certificate;
mod control;
pub mod doctor;
mod files;
mod firewall;
mod guard;
mod handback;
mod health;
mod installation;
mod journal;
mod keeper;
mod kernel;
mod launches;
mod lock;
mod mounts;
mod options;
mod orphans;
mod part;
mod paths;
mod pool;
mod postgres;
mod process;
pub mod purge;
mod pushes;
mod registry;
pub mod restart;
mod secrets;
mod setup;
mod sockets;
pub mod status;
pub mod stop;
mod supervisor;
mod tool;
mod trial;
pub mod unit;
pub mod upgrade;
mod watchdog;

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
pub use backup::{BackupOptions, RestoreOptions};
pub use builds::stack::StackOptions;
pub use doctor::DoctorOptions;
pub use installation::Installation;
pub use options::Options;
pub use part::Part;
pub use purge::PurgeOptions;
pub use status::StatusOptions;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
pub use upgrade::UpgradeOptions;

use self::{
    lock::Lock,
    pushes::Pushes,
    setup::Setup,
    sockets::{Addresses, Sockets, Wanted},
    supervisor::{End, Supervisor},
};
use crate::shutdown::Signals;

/// How long what a supervisor has begun in other threads may take to end with it.
const LAST_MOMENTS: Duration = Duration::from_secs(5);

/// Runs the supervisor until it is told to stop, by a signal or over its control socket.
pub fn run(options: &Options) -> Result<()> {
    process::reap();
    match govern(|shutdown| supervise(options, shutdown))? {
        End::Stopped => Ok(()),
        End::Restart(program) => restart::become_new(&program),
        // Nothing of the supervisor is left by now: not a task, not a lock.
        End::Upgrade(overseer) => govern(|shutdown| overseer.conduct(shutdown))?.take(),
    }
}

/// Runs this in a runtime of its own, until it ends or a signal ends it.
fn govern<T, F: Future<Output = Result<T>>>(work: impl FnOnce(CancellationToken) -> F) -> Result<T> {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    let outcome = runtime.block_on(async { Signals::take()?.govern(work).await });
    runtime.shutdown_timeout(LAST_MOMENTS);
    outcome
}

async fn supervise(options: &Options, shutdown: CancellationToken) -> Result<End> {
    ensure_root("slipway standalone")?;
    let paths = options.installation.paths()?;
    let program = std::env::current_exe().context("cannot tell which program this is")?;
    accounts::check_reachable(&program)?;
    let _lock = Lock::take(&paths)?;
    if options.trial.is_none() {
        upgrade::program::clear(&program);
    }
    let setup = Setup::ensure(options, paths)?;
    greet(options, &setup);
    kernel::raise_limits();
    let kept = handback::take(&setup.paths)?;
    let wanted = Wanted {
        http: options.http_addresses(),
        https: options.https_addresses(),
        ssh: ssh_addresses(options, &setup),
    };
    let sockets = Sockets::open(&wanted, &setup.paths, &setup.accounts, kept)?;
    Supervisor::start(options, &wanted, &setup, sockets, &program).await?.run(shutdown).await
}

/// Where nothing can be pushed, nobody listens.
fn ssh_addresses(options: &Options, setup: &Setup) -> Addresses {
    match setup.pushes {
        Pushes::On { .. } => options.pushes.ssh_addresses(),
        Pushes::Off { .. } => Addresses::default(),
    }
}

/// `slipway stack`: needs no supervisor.
pub async fn run_stack(installation: &Installation, options: StackOptions, out: &mut impl Write) -> Result<()> {
    ensure_root("slipway stack")?;
    builds::stack::run(options, builds::stack::settings(&installation.paths()?)?, out).await
}

/// Tells the operator, not the log, how to become the first administrator.
fn greet(options: &Options, setup: &Setup) {
    if !std::io::stdout().is_terminal() {
        return;
    }
    let (url, token) = (options.api_url(), setup.paths.bootstrap_token());
    let from_here = format!("The first administrator registers on this machine: mycli register {url}");
    let from_elsewhere = format!("or elsewhere, with a copy of {0}: --bootstrap-token-file {0}", token.display());
    // Nothing depends on anybody reading it.
    let _ = writeln!(std::io::stdout(), "{from_here}\n{from_elsewhere}");
}

/// Only root may make users, networks and rules.
fn ensure_root(command: &str) -> Result<()> {
    ensure!(rustix::process::geteuid().is_root(), "`{command}` must run as root; try it with sudo");
    Ok(())
}
