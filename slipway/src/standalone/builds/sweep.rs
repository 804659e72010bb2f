//! What a runner leaves behind that was killed: its sandboxes and their files.

use std::{
    fs::{File, OpenOptions},
    process::Command,
};

use anyhow::{Context, Result};
use uuid::Uuid;

use super::{
    disk, groups,
    record::{self, Record},
    runner::sandbox,
    settings::Settings,
};
use crate::standalone::tool;

/// Clears after every build whose runner is gone. One that cannot be cleared keeps no other from it.
pub fn sweep(settings: &Settings) -> Result<()> {
    let mut result = Ok(());
    for (build, record) in record::all(settings)? {
        result = result.and(after(settings, build, &record));
    }
    result.and(stacks(settings))
}

/// Removes what is left of every `slipway stack` that was killed.
pub fn stacks(settings: &Settings) -> Result<()> {
    let _lock = lock_stacks(settings)?;
    let mut result = Ok(());
    for (id, record) in record::stacks(settings)? {
        let after = || {
            if record.is_alive()? {
                Ok(())
            } else {
                clear(settings, id, &record).and_then(|()| disk::remove(record.folder()))
            }
        };
        result = result.and(after());
    }
    result
}

/// Held by who looks for records of stacks that are nobody's, and by who makes one, until it has its mark.
pub fn lock_stacks(settings: &Settings) -> Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(settings.builds.join("stacks.lock"))?;
    file.lock().context("cannot lock the records of stacks")?;
    Ok(file)
}

/// Clears after one build, unless its runner lives. Only when nothing of it is left it is told to have ended.
pub fn after(settings: &Settings, build: Uuid, record: &Record) -> Result<()> {
    if !record.exists() || record.is_alive()? {
        return Ok(());
    }
    clear(settings, build, record)?;
    record.cut_off()
}

/// Removes the sandboxes of a build that does not run.
pub fn clear(settings: &Settings, build: Uuid, record: &Record) -> Result<()> {
    for kind in sandbox::KINDS {
        let name = sandbox::name(kind, build);
        let state = settings.runc().join(&name);
        if state.exists() {
            let mut command = Command::new("runc");
            command.arg("--root").arg(settings.runc()).args(["delete", "--force", "--", &name]);
            // The `runc` that made it may remove it at the same time.
            tool::run(&mut command).map(drop).or_else(|error| if state.exists() { Err(error) } else { Ok(()) })?;
        }
        groups::remove(&name)?;
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
    for (build, record) in record::all(settings)?.into_iter().chain(record::stacks(settings)?) {
        if let Some(runner) = record.mark().holder()? {
            record.cancel()?;
            // It may end by itself meanwhile, which is as good.
            let _ = rustix::process::kill_process(runner, rustix::process::Signal::KILL);
        }
        clear(settings, build, &record)?;
    }
    Ok(())
}
