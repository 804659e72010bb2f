//! `slipway doctor`: whether this machine is one that the platform runs well on, and what to do where it is not.
//!
//! `slipway status` tells what the supervisor sees of itself; this looks at what it stands on. Nothing is changed, and it
//! works before the first start, too.

mod backup;
mod clock;
mod engine;
mod machine;
mod platform;
mod report;

use std::{io::Write, path::PathBuf, process::ExitCode};

use anyhow::Result;

use super::installation::Installation;
use report::{Finding, Verdict};

/// Options of `slipway doctor`.
#[derive(clap::Args, Clone, Debug)]
pub struct DoctorOptions {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Socket of the container engine
    #[arg(long, env = "SLIPWAY_DOCKER_SOCKET", value_name = "PATH", default_value = "/var/run/docker.sock")]
    docker_socket: PathBuf,
}

/// Looks at everything; fails (exit code 1) where something is wrong.
pub async fn run(installation: &Installation, options: &DoctorOptions, out: &mut impl Write) -> Result<ExitCode> {
    let paths = installation.paths()?;
    let mut findings = platform::look(&paths);
    let engine = engine::ask(&options.docker_socket).await;
    findings.extend(engine::judge(engine.as_ref(), &options.docker_socket));
    let of_engine = engine.as_ref().ok().map(|engine| engine.root.as_path());
    findings.extend(machine::look(&paths, of_engine));
    findings.push(clock::look());
    findings.extend(backup::look(&paths));
    if options.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        findings.iter().try_for_each(|finding| write!(out, "{finding}"))?;
    }
    let is_well = findings.iter().all(|finding| finding.verdict != Verdict::Fail);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ok(check: &'static str, text: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Ok, text: text.into(), next: None }
}

fn warn(check: &'static str, text: impl Into<String>, next: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Warn, text: text.into(), next: Some(next.into()) }
}

fn fail(check: &'static str, text: impl Into<String>, next: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Fail, text: text.into(), next: Some(next.into()) }
}
