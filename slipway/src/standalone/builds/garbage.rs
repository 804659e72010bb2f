//! Layers in the private registry that no image has any more: they go while no build runs.
//!
//! Only runners upload, and the registry keeps nothing in its memory (no cache in its settings), so that it can go on
//! serving meanwhile.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::{record, settings::Settings};
use crate::standalone::{
    account::Account,
    files::{self, Owner},
};

/// No build begins meanwhile, so that it may not take for ever. What it did until then stays done.
const PATIENCE: Duration = Duration::from_mins(1);

/// The registry's program, as its user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Collector {
    program: PathBuf,
    settings: PathBuf,
    user: u32,
    group: u32,
}

impl Collector {
    /// The program with these settings.
    pub fn new(program: &Path, settings: PathBuf, account: &Account) -> Self {
        Self { program: program.to_owned(), settings, user: account.uid, group: account.gid }
    }

    /// One of its commands.
    pub fn command(&self, what: &str) -> Command {
        let mut command = Command::new("/usr/bin/setpriv");
        command
            .args(["--reuid", &self.user.to_string(), "--regid", &self.group.to_string(), "--clear-groups"])
            .args(["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"])
            .arg(&self.program)
            .args([what, "--"])
            .arg(&self.settings)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        command
    }

    async fn run(&self) -> Result<()> {
        let output = self.command("garbage-collect").stderr(Stdio::piped()).output();
        let output = tokio::time::timeout(PATIENCE, output).await.context("it takes too long")?;
        let output = output.context("cannot run docker-registry")?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            bail!("docker-registry: {}", text.lines().last().unwrap_or("it said nothing"));
        }
        Ok(())
    }
}

fn mark(settings: &Settings) -> PathBuf {
    settings.builds.join("garbage")
}

/// From now on there may be some.
pub fn note(settings: &Settings) -> Result<()> {
    files::write(&mark(settings), b"", Owner::ROOT, 0o600).context("cannot note that the registry has garbage")
}

/// There may be some, and nothing is uploaded.
pub fn is_due(settings: &Settings) -> Result<bool> {
    if !mark(settings).exists() {
        return Ok(false);
    }
    for (_, record) in record::all(settings)? {
        if record.is_alive()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes it. No build may begin meanwhile.
pub async fn collect(settings: &Settings) -> Result<()> {
    // Before the first push there is nothing, of which the program would complain.
    let has_any = settings.registry_data.join("docker/registry/v2/blobs").exists();
    if let Some(collector) = settings.collector.as_ref().filter(|_| has_any) {
        collector.run().await.context("cannot collect what the private registry does not need")?;
    }
    Ok(fs::remove_file(mark(settings))?)
}
