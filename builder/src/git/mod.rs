//! git: the repositories, and the one way in which the program is run on them.

mod collect;
mod program;
mod repository;

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use uuid::Uuid;

pub(crate) use self::{program::Program, repository::Repository};
use crate::config::{Config, Limits};

/// All repositories.
#[derive(Clone, Debug)]
pub(crate) struct Repositories {
    root: PathBuf,
    limits: Limits,
}

impl Repositories {
    /// Makes the folder ready, with the hook that every push runs.
    pub fn open(config: &Config) -> Result<Self> {
        let this = Self { root: config.repositories.clone(), limits: config.limits };
        let prepared = this.prepare(&config.hook);
        prepared.with_context(|| format!("cannot prepare the folder of repositories {}", this.root.display()))?;
        Ok(this)
    }

    /// The repository of an app, which need not exist.
    pub fn of(&self, app: Uuid) -> Repository {
        Repository::new(self.clone(), app)
    }

    /// Apps that have one.
    pub fn apps(&self) -> io::Result<Vec<Uuid>> {
        let names = fs::read_dir(&self.root)?.map(|entry| Ok(entry?.file_name()));
        let names: Vec<_> = names.collect::<io::Result<_>>()?;
        Ok(names.iter().filter_map(|name| name.to_str()?.strip_suffix(".git")?.parse().ok()).collect())
    }

    /// Where a push says that its build has begun.
    pub fn mark(&self, push: Uuid) -> PathBuf {
        self.root.join(".pushes").join(push.to_string())
    }

    fn prepare(&self, hook: &Path) -> io::Result<()> {
        self.forget_hooks()?;
        for folder in [self.home(), self.hooks(), self.root.join(".pushes")] {
            fs::create_dir_all(folder)?;
        }
        let (new, link) = (self.hooks().join("new"), self.hooks().join("pre-receive"));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        symlink(hook, &new)?;
        fs::rename(new, link)
    }

    /// An empty home, so that nobody's settings apply.
    fn home(&self) -> PathBuf {
        self.root.join(".home")
    }

    /// This process's own: a builder that makes room for another one goes on with its hook.
    fn hooks(&self) -> PathBuf {
        self.root.join(".hooks").join(std::process::id().to_string())
    }

    /// Removes those of builders that have ended.
    fn forget_hooks(&self) -> io::Result<()> {
        let found = match fs::read_dir(self.root.join(".hooks")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        for entry in found {
            let entry = entry?;
            if !Path::new("/proc").join(entry.file_name()).exists() {
                let is_folder = entry.file_type()?.is_dir();
                if is_folder { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
            }
        }
        Ok(())
    }
}
