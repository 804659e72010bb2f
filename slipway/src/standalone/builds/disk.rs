//! Disk: what trees take, and removing them. Both are left to programs that no hostile tree can lead astray.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use anyhow::{Context, Result};
use tokio::process::Command as AsyncCommand;

use super::settings::Settings;
use crate::standalone::tool;

/// Bytes that are free for everybody on the file system of `path`.
pub fn free(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail * stat.f_frsize)
}

/// Bytes that these trees take. Files that come and go meanwhile are no error.
pub async fn used(paths: &[PathBuf]) -> Result<u64> {
    let arguments = ["--summarize", "--one-file-system", "--block-size=1", "--total", "--"];
    let output = AsyncCommand::new("du").args(arguments).args(paths).output().await.context("cannot run du")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let total = text.lines().last().and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse().ok());
    total.context("du has no total")
}

/// Removes a tree, whoever owns what is in it.
pub fn remove(path: &Path) -> Result<()> {
    tool::run(Command::new("rm").args(["--recursive", "--force", "--one-file-system", "--"]).arg(path)).map(drop)
}

/// Keeps the budget of all apps' caches: the ones that were used longest ago go, never one in use.
pub async fn keep_budget(settings: &Settings) -> Result<()> {
    let mut caches = Vec::new();
    let mut sum = 0;
    for entry in fs::read_dir(settings.apps())? {
        let path = entry?.path();
        let size = used(std::slice::from_ref(&path)).await?;
        sum += size;
        caches.push((last_use(&path), path, size));
    }
    caches.sort();
    for (_, path, size) in caches {
        if sum <= settings.limits.cache_disk {
            break;
        }
        // Held until all is gone: no build begins in between.
        let Some(_lock) = lock(&path)? else { continue };
        remove(&path.join("store"))?;
        remove(&path.join("cache"))?;
        remove(&path.join("blobs"))?;
        sum = sum.saturating_sub(size);
    }
    Ok(())
}

fn last_use(path: &Path) -> SystemTime {
    fs::metadata(path.join("lock")).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The one build that may use an app's caches; `None` while there is another.
pub fn lock(app: &Path) -> io::Result<Option<fs::File>> {
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(app.join("lock"))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_modified(SystemTime::now())?;
            Ok(Some(file))
        }
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}
