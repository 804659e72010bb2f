//! A PostgreSQL of a few seconds, in which a dump shows that it can be restored.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::standalone::{
    account::Account,
    accounts::Accounts,
    part::{Occasion, Part},
    paths::Paths,
    postgres::{self, Programs},
    process::Process,
    setup,
};

/// The server, its data, and room for files beside them. To be stopped.
pub struct Scratch {
    folder: TempDir,
    account: Account,
    process: Process,
    paths: Paths,
}

impl Scratch {
    /// Makes one and starts it.
    pub async fn start(programs: &Programs, account: Account) -> Result<Self> {
        // Below a folder for temporary files, because the path of a socket has to be short.
        let folder = tempfile::Builder::new().prefix("slipway-check.").tempdir();
        let folder = folder.context("cannot make a folder to check the backup in")?;
        let root = folder.path();
        let paths = Paths { config: root.join("config"), data: root.to_owned(), run: root.join("run") };
        let accounts = Accounts::all(&account);
        setup::ensure_folders(&paths, &accounts).context("cannot make a folder to check the backup in")?;
        let process =
            postgres::run(programs, &paths, &accounts).await.context("cannot start a database to check in")?;
        Ok(Self { folder, account, process, paths })
    }

    /// Where its database is.
    pub fn url(&self) -> String {
        postgres::url(&self.paths)
    }

    /// Who runs it, and may run what else is to be checked.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Where repositories can lie.
    pub fn repositories(&self) -> PathBuf {
        self.paths.repositories()
    }

    /// Where files can lie.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops it and removes everything.
    pub async fn stop(self) -> Result<()> {
        self.process.stop(Part::Postgres.stop_signal(), Part::Postgres.grace(Occasion::Stop)).await?;
        self.folder.close().context("cannot remove the folder in which the backup was checked")
    }
}
