//! What a runner leaves behind that was killed: its sandboxes and their files.

use std::process::Command;

use anyhow::Result;
use uuid::Uuid;

use super::{
    disk,
    record::{self, Record},
    runner::sandbox,
    settings::Settings,
};
use crate::standalone::tool;

/// Clears after every build whose runner is gone.
pub fn sweep(settings: &Settings) -> Result<()> {
    for (build, record) in record::all(settings)? {
        if !record.is_alive()? {
            clear(settings, build, &record)?;
        }
    }
    Ok(())
}

/// Removes the sandboxes of a build that does not run.
pub fn clear(settings: &Settings, build: Uuid, record: &Record) -> Result<()> {
    for kind in sandbox::KINDS {
        let name = sandbox::name(kind, build);
        if settings.runc().join(&name).exists() {
            tool::run(
                Command::new("runc").arg("--root").arg(settings.runc()).args(["delete", "--force", "--", &name]),
            )?;
        }
    }
    if record.scratch().exists() {
        disk::remove(&record.scratch())?;
    }
    Ok(())
}

/// Ends every build that runs.
pub fn end_all(settings: &Settings) -> Result<()> {
    if !settings.builds.exists() {
        return Ok(());
    }
    for (build, record) in record::all(settings)? {
        if let Some(runner) = record.mark().holder()? {
            record.cancel()?;
            // It may end by itself meanwhile, which is as good.
            let _ = rustix::process::kill_process(runner, rustix::process::Signal::KILL);
        }
        clear(settings, build, &record)?;
    }
    Ok(())
}
