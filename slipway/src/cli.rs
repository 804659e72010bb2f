//! What the user types: the subcommands and their help.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::{
    inherited::Inherited,
    logging,
    role::{self, BuilderOptions, ControllerOptions, RouterOptions},
    shutdown::Signals,
    standalone::{
        self, BackupOptions, DoctorOptions, Installation, Options, Part, PurgeOptions, RestoreOptions, StackOptions,
        StatusOptions, UpgradeOptions,
    },
    version,
};

/// Slipway: a push or an image becomes a running, routed, scaled application.
///
/// `slipway standalone` runs the platform on this machine: it makes what is missing (system users, keys, a private
/// PostgreSQL, firewall rules), starts controller, builder and router, and keeps them running. Then register with
/// `mycli register http://slipway.localhost`.
#[derive(Parser)]
#[command(version = version::own(), max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the platform on this machine, in the foreground, until SIGTERM (as root)
    ///
    /// Killing this process stops nothing: controller, builder, router, database, builds and apps go on, and the next
    /// `slipway standalone` takes them over. SIGTERM, Ctrl-C or `slipway stop` stop the platform in order; apps keep
    /// running in the engine.
    Standalone(Box<Options>),
    /// Show how the platform on this machine is
    Status {
        #[command(flatten)]
        installation: Installation,
        #[command(flatten)]
        options: StatusOptions,
    },
    /// Look at what the platform stands on: engine, disk, kernel, firewall (as root)
    ///
    /// Each line is ok, a warning or a failure, with what to do about it. Nothing is changed. The exit code is 1 where
    /// something is wrong.
    Doctor {
        #[command(flatten)]
        installation: Installation,
        #[command(flatten)]
        options: DoctorOptions,
    },
    /// Replace a running part by a new process, without refusing a request
    ///
    /// Controller, builder and router: the new process serves, on the same sockets, before the old one finishes what is
    /// under way. PostgreSQL and the registry are stopped and started; the API waits or answers 503 meanwhile, apps are
    /// not concerned. After another version was installed, `slipway restart` without a part moves everything to it.
    Restart {
        #[command(flatten)]
        installation: Installation,
        /// The part; without one the supervisor itself, which then replaces what runs an older program
        part: Option<Part>,
    },
    /// Run everything from another program, without a failed request; or from the one before again (as root)
    ///
    /// The new program is tried out first: a supervisor of it takes the parts over, one after the other, each of which
    /// only makes room once its successor serves. When everything serves, it takes the place of the program that runs
    /// now, which is kept beside it. When anything does not, everything returns to the program from before, and this
    /// command ends with exit code 1 and the reason.
    ///
    ///     slipway upgrade --binary ./slipway
    #[command(verbatim_doc_comment)]
    Upgrade {
        #[command(flatten)]
        installation: Installation,
        #[command(flatten)]
        options: UpgradeOptions,
    },
    /// Stop the platform in order; apps keep running in the engine
    Stop {
        #[command(flatten)]
        installation: Installation,
    },
    /// Stop the platform and remove it: apps, networks, images, data, keys, users and firewall rules
    Purge {
        #[command(flatten)]
        installation: Installation,
        #[command(flatten)]
        options: PurgeOptions,
    },
    /// Copy the whole platform while it runs, and show that the copy can be restored (as root)
    ///
    /// Data go to one file: database, images that apps need to run and to roll back, repositories,
    /// lines of apps, records of builds. The keys that open them go to another. A file gets its name,
    /// and this command exit code 0, only once everything in it was restored in a place of its own.
    /// Nothing is interrupted.
    ///
    ///     slipway backup /mnt/backups --keys /mnt/safe
    ///
    /// `slipway restore --check` shows the same of a file on a later day, and elsewhere.
    #[command(verbatim_doc_comment)]
    Backup {
        #[command(flatten)]
        installation: Installation,
        #[command(flatten)]
        options: BackupOptions,
    },
    /// Restore a backup on a machine without an installation, or check that it can be (as root)
    ///
    /// Then `slipway standalone`, with the options that the platform had before, brings everything up:
    /// apps serve again, with their releases, config, domains and users. Nothing is changed where
    /// anything is wrong with the file or the keys.
    ///
    ///     slipway restore slipway-20261127T030000Z.tar --keys slipway-20261127T030000Z.keys
    #[command(verbatim_doc_comment)]
    Restore {
        #[command(flatten)]
        installation: Installation,
        #[command(flatten)]
        options: RestoreOptions,
    },
    /// Run the controller: HTTP API, operations, reconciler (started by `slipway standalone`)
    Controller(Box<ControllerOptions>),
    /// Run the router: the proxy in front of the apps (started by `slipway standalone`)
    Router(Box<RouterOptions>),
    /// Run the builder: takes pushes over SSH (started by `slipway standalone`)
    Builder(Box<BuilderOptions>),
    /// Import, pull and list the images that builds start from (as root)
    Stack {
        #[command(flatten)]
        installation: Installation,
        #[command(flatten)]
        options: StackOptions,
    },
    /// Make or push an image, inside a build's sandbox: one job as JSON on standard input
    #[command(hide = true)]
    Build,
    /// Run one build from its order on standard input to its outcome
    #[command(hide = true)]
    BuildRunner,
    /// Print a systemd unit that runs `slipway standalone` with the given arguments
    ///
    /// slipway unit -- --http-listen 0.0.0.0:80 >/etc/systemd/system/slipway.service
    #[command(verbatim_doc_comment)]
    Unit {
        /// Arguments for `slipway standalone`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> Result<ExitCode> {
        let out = &mut io::stdout().lock();
        match self.command {
            Command::Status { installation, options } => return standalone::status::run(&installation, &options, out),
            Command::Doctor { installation, options } => {
                return small()?.block_on(standalone::doctor::run(&installation, &options, out));
            }
            Command::Restart { installation, part } => standalone::restart::run(&installation, part, out)?,
            Command::Upgrade { installation, options } => {
                return standalone::upgrade::run(&installation, &options, out);
            }
            Command::Stop { installation } => small()?.block_on(standalone::stop::run(&installation, out))?,
            Command::Purge { installation, options } => {
                small()?.block_on(standalone::purge::run(&installation, &options, out))?;
            }
            Command::Backup { installation, options } => {
                govern(&large()?, |stop| standalone::backup::run(installation, options, stop))?;
            }
            Command::Restore { installation, options } => {
                govern(&large()?, |stop| standalone::backup::restore(installation, options, stop))?;
            }
            Command::Stack { installation, options } => {
                small()?.block_on(standalone::run_stack(&installation, options, out))?;
            }
            Command::Build => {
                if let Err(error) = builder::build::run() {
                    writeln!(out, "Error: {error:#}")?;
                    return Ok(ExitCode::FAILURE);
                }
            }
            Command::BuildRunner => {
                logging::start();
                large()?.block_on(standalone::builds::runner::run())?;
            }
            Command::Unit { arguments } => write!(out, "{}", standalone::unit::text(&program()?, &arguments))?,
            Command::Controller(options) => {
                let inherited = Inherited::from_env();
                govern(&large()?, |shutdown| role::run_controller(*options, inherited, shutdown))?;
            }
            Command::Router(options) => {
                let inherited = Inherited::from_env();
                govern(&large()?, |shutdown| role::run_router(*options, inherited, shutdown))?;
            }
            Command::Builder(options) => {
                let inherited = Inherited::from_env();
                govern(&large()?, |shutdown| role::run_builder(*options, inherited, shutdown))?;
            }
            Command::Standalone(options) => {
                logging::start();
                standalone::run(&options)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn program() -> Result<PathBuf> {
    std::env::current_exe().context("cannot tell which program this is")
}

/// Runs a part until it ends or a signal ends it.
fn govern<F: Future<Output = Result<()>>>(runtime: &Runtime, work: impl FnOnce(CancellationToken) -> F) -> Result<()> {
    logging::start();
    runtime.block_on(async { Signals::take()?.govern(work).await })
}

/// A runtime for a part that serves: a thread a core.
fn large() -> Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}

/// A runtime for little work: one thread.
fn small() -> Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start the runtime")
}
