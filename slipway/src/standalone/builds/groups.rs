//! The kernel's groups of processes (cgroups) that sandboxes had: a `runc` that is killed leaves empty ones.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::runner::spec;

/// Where they are mounted: one tree in version 2, one for each kind of limit in version 1.
const ROOT: &str = "/sys/fs/cgroup";

/// Removes what a sandbox that is gone left of its group.
pub fn remove(sandbox: &str) -> Result<()> {
    for group in of(sandbox)? {
        remove_tree(&group).with_context(|| format!("cannot remove {}", group.display()))?;
    }
    Ok(())
}

/// Every place where a sandbox has or had its group.
pub fn of(sandbox: &str) -> io::Result<Vec<PathBuf>> {
    let inner = spec::cgroup(sandbox);
    let mut trees = vec![PathBuf::from(ROOT)];
    for entry in fs::read_dir(ROOT)? {
        trees.push(entry?.path());
    }
    Ok(trees.iter().map(|tree| tree.join(inner.trim_start_matches('/'))).collect())
}

fn remove_tree(group: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(group) {
        // There is none, or it is a file of the kernel through which the path would go.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    match fs::remove_dir(group) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
