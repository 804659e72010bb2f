//! `slipway upgrade`: everything runs another program, or everything runs the one before.
//!
//! 1. The running supervisor checks the new program and puts it beside its own (`program`).
//! 2. It lets go of everything and starts a supervisor from the new program, on trial (`oversee`), which takes over the
//!    parts as every new supervisor does, and has each followed by a process of the new program (`standalone/trial`): one
//!    at a time, and none makes room before its successor serves.
//! 3. When everything serves, the new program gets the name of the old one, the trial ends, and the supervisor becomes the
//!    new program. When anything does not, the trial ends, and the supervisor becomes the old program again, which finds
//!    parts that run another one and replaces them.
//!
//! Up to the moment of the new name, whoever starts the platform starts the old program; from it on, the new one.

mod oversee;
pub mod program;

use std::{
    io::Write,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;

pub use self::{oversee::Overseer, program::Staged};
use super::{
    control::{Answer, Request, client},
    installation::Installation,
    paths::Paths,
    status,
};

/// How long the supervisor may take, at the end, to become the program that has the name.
const PATIENCE: Duration = Duration::from_mins(2);

/// What to upgrade to.
#[derive(Args, Clone, Debug)]
pub struct UpgradeOptions {
    /// The new program; it is copied
    #[arg(long, value_name = "FILE", required_unless_present = "rollback", conflicts_with = "rollback")]
    pub binary: Option<PathBuf>,
    /// Run the program again that was in place before the last upgrade
    #[arg(long)]
    pub rollback: bool,
    /// How long each part of it may take to serve; where it migrates a large database, that belongs to it
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub patience: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Report {
    /// The new program runs everywhere.
    upgraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    journal: Vec<String>,
    seconds: u64,
}

/// Upgrades, and says how it goes; fails (exit code 1) unless everything runs the new program at the end.
pub fn run(installation: &Installation, options: &UpgradeOptions, out: &mut impl Write) -> Result<ExitCode> {
    super::ensure_root("slipway upgrade")?;
    let paths = installation.paths()?;
    let begun = Instant::now();
    let last = ask(&paths, options, out)?;
    let report = match last {
        Some(Answer::Done) => bail!("nothing to do: this program runs already"),
        Some(Answer::Failed { reason }) => bail!("nothing was upgraded: {reason}"),
        Some(Answer::Upgraded { from, to, previous }) => {
            await_end(&paths, &to)?;
            Report { from: Some(from), to: Some(to), previous: Some(previous), ..Report::new(true, begun) }
        }
        Some(Answer::Returned { reason, journal }) => {
            await_end(&paths, "")?;
            Report { reason: Some(reason), journal, ..Report::new(false, begun) }
        }
        _ => bail!(
            "the supervisor ended in the midst of it: started again, it runs either program everywhere; `slipway status` \
             tells which"
        ),
    };
    report.print(options.json, out)?;
    Ok(if report.upgraded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Asks the supervisor, shows what it does, and answers what it said last.
fn ask(paths: &Paths, options: &UpgradeOptions, out: &mut impl Write) -> Result<Option<Answer>> {
    let absolute = |path: &PathBuf| std::path::absolute(path).with_context(|| format!("{} is no path", path.display()));
    let binary = options.binary.as_ref().map(absolute).transpose()?;
    let request = Request::Upgrade { binary, patience: options.patience };
    let (mut last, mut since) = (None, Instant::now());
    let asked = client::follow(&paths.supervisor_socket(), &request, |answer| {
        match &answer {
            Answer::Progress { what, outcome } if !options.json => {
                writeln!(out, "{what:<14}{outcome} ({:.1} s)", since.elapsed().as_secs_f64())?;
                out.flush()?;
                since = Instant::now();
            }
            _ => {}
        }
        last = Some(answer);
        Ok(())
    })?;
    asked.context("no supervisor is running; start it with `slipway standalone`")?;
    Ok(last)
}

/// Waits until the supervisor, of this version where one is named, keeps everything.
fn await_end(paths: &Paths, version: &str) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match status::wait(paths, left)? {
            Some(status) if status.ready && !status.trial && [&status.version, ""].contains(&version) => return Ok(()),
            _ if left.is_zero() => bail!("the supervisor does not bring everything up; see `slipway status`"),
            // Still the one that was on trial.
            _ => std::thread::sleep(status::PERIOD),
        }
    }
}

impl Report {
    fn new(upgraded: bool, begun: Instant) -> Self {
        let seconds = begun.elapsed().as_secs();
        Self { upgraded, from: None, to: None, previous: None, reason: None, journal: Vec::new(), seconds }
    }

    fn print(&self, json: bool, out: &mut impl Write) -> Result<()> {
        if json {
            return Ok(writeln!(out, "{}", serde_json::to_string(self)?)?);
        }
        if let (Some(from), Some(to), Some(previous)) = (&self.from, &self.to, &self.previous) {
            writeln!(out, "Upgraded from {from} to {to} in {} s.", self.seconds)?;
            writeln!(out, "{from} is kept as {}; `slipway upgrade --rollback` returns to it.", previous.display())?;
            return Ok(());
        }
        let reason = self.reason.as_deref().unwrap_or_default();
        let words = format!("nothing was upgraded: {reason}. Everything runs the program from before again.");
        bail!([words].iter().chain(&self.journal).map(String::as_str).collect::<Vec<_>>().join("\n    "))
    }
}
