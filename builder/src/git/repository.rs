//! One app's repository: bare, named by the app's uuid, because a name may come to mean another app.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use git2::RepositoryInitOptions;
use tokio::process::Command;
use uuid::Uuid;

use super::{Repositories, program::Program};

/// The repository of an app.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    all: Repositories,
    path: PathBuf,
}

impl Repository {
    pub(super) fn new(all: Repositories, app: Uuid) -> Self {
        let path = all.root.join(format!("{app}.git"));
        Self { all, path }
    }

    /// Makes it unless it is there, and removes what broken pushes have left. Only for the holder of the app's push lock.
    pub fn prepare(&self) -> Result<()> {
        if git2::Repository::open_bare(&self.path).is_err() {
            let mut options = RepositoryInitOptions::new();
            options.bare(true).mkdir(true).external_template(false).initial_head("main");
            git2::Repository::init_opts(&self.path, &options)
                .with_context(|| format!("cannot make the repository {}", self.path.display()))?;
        }
        self.sweep();
        Ok(())
    }

    /// Has anybody pushed to it?
    pub fn has_commits(&self) -> bool {
        git2::Repository::open_bare(&self.path).is_ok_and(|repository| repository.head().is_ok())
    }

    /// Makes `HEAD` follow the branch that was pushed last.
    pub fn follow(&self, reference: &str) -> Result<(), git2::Error> {
        git2::Repository::open_bare(&self.path)?.set_head(reference)
    }

    /// Starts `git receive-pack` on it, whose hook is told `order`.
    pub fn receive(&self, order: &str) -> io::Result<Program> {
        let mut command = self.all.git();
        command.env(crate::hook::ORDER, order).args(["receive-pack", "--"]).arg(&self.path);
        self.start(command)
    }

    /// Starts `git upload-pack` on it.
    pub fn upload(&self) -> io::Result<Program> {
        let mut command = self.all.git();
        command.args(["upload-pack", "--strict", "--"]).arg(&self.path);
        self.start(command)
    }

    /// Starts `git gc` on it.
    pub(super) fn gc(&self) -> io::Result<Program> {
        let mut command = self.all.git();
        command.arg("--git-dir").arg(&self.path).args(["gc", "--quiet", "--prune=1.day.ago"]);
        self.start(command)
    }

    /// Removes quarantines: objects of pushes that were killed. Only for the holder of the app's push lock.
    pub fn sweep(&self) {
        let swept =
            leftovers(&self.path.join("objects")).and_then(|found| found.iter().try_for_each(fs::remove_dir_all));
        if let Err(error) = swept {
            tracing::warn!(%error, repository = %self.path.display(), "cannot remove what a broken push has left");
        }
    }

    /// Removes it with all that it holds.
    pub fn remove(&self) -> io::Result<()> {
        // Under another name first, so that nobody finds half of it.
        let gone = self.path.with_extension("gone");
        fs::rename(&self.path, &gone)?;
        fs::remove_dir_all(gone)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn start(&self, command: Command) -> io::Result<Program> {
        Program::start(command, &self.all.limits)
    }
}

fn leftovers(objects: &Path) -> io::Result<Vec<PathBuf>> {
    let quarantine = |name: &OsStr| {
        let name = name.as_encoded_bytes();
        name.starts_with(b"tmp_objdir-") || name.starts_with(b"incoming-")
    };
    let entries: Vec<_> = fs::read_dir(objects)?.collect::<io::Result<_>>()?;
    Ok(entries.iter().filter(|entry| quarantine(&entry.file_name())).map(fs::DirEntry::path).collect())
}
