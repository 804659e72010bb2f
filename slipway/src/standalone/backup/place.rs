//! Where a backup is restored to: filled whole, or left as empty as it was.

use std::{fs, io, path::Path};

use anyhow::{Context, Result, ensure};
use controller::backup::Images;
use tokio_util::sync::CancellationToken;

use super::{
    collect::DUMP,
    database::{self, Database},
    folders::{self, Kind},
    images,
    keys::Keys,
    progress,
    reader::Reader,
    repositories,
};
use crate::standalone::{
    accounts::Accounts,
    files::{self, Owner},
    lock::Lock,
    part::{Occasion, Part},
    paths::Paths,
    pool,
    postgres::{self, Programs},
    setup,
};

/// An empty place for an installation.
pub struct Place {
    /// Where everything will lie.
    pub paths: Paths,
    /// The installation's name.
    pub name: String,
    /// PostgreSQL's.
    pub programs: Programs,
    /// The engine.
    pub engine: Images,
    /// The database, where it is not a private one.
    pub named: Option<String>,
}

impl Place {
    /// Puts everything in place. What fails half way is undone.
    pub async fn fill(&self, reader: &Reader, keys: &Keys, stop: &CancellationToken) -> Result<()> {
        // No supervisor starts on half of it.
        let lock = Lock::take(&self.paths)?;
        if let Some(url) = &self.named {
            controller::backup::ensure_empty(url).await?;
        }
        let had_users = Accounts::exist(&self.name)?;
        let filled = self.put(reader, keys, stop).await;
        if filled.is_err() {
            self.undo(reader, had_users).await;
        }
        drop(lock);
        filled
    }

    async fn put(&self, reader: &Reader, keys: &Keys, stop: &CancellationToken) -> Result<()> {
        let paths = &self.paths;
        let accounts = Accounts::ensure(&self.name)?;
        setup::ensure_folders(paths, &accounts).context("cannot make the folders of the installation")?;
        keys.place(paths, &accounts)?;
        self.keep_pool(reader)?;
        progress::say("restoring: images");
        images::restore(reader, &self.engine).await?;
        ensure!(!stop.is_cancelled(), "stopped by a signal");
        progress::say("restoring: repositories, lines, records");
        for (app, head) in &reader.manifest.repositories {
            let bundle = reader.member(&repositories::member(app))?;
            repositories::restore(bundle, &paths.repositories(), app, head, &accounts.builder)?;
        }
        let logs = Owner::from(&accounts.controller);
        folders::restore(reader.member(Kind::Logs.member())?, &paths.logs(), logs, 0o700)?;
        folders::restore(reader.member(Kind::Builds.member())?, &paths.builds(), Owner::ROOT, 0o711)?;
        ensure!(!stop.is_cancelled(), "stopped by a signal");
        progress::say("restoring: database");
        // Last, because one that was named is the one thing that is not undone.
        if let Some(url) = &self.named {
            return self.fill_database(reader, url).await;
        }
        let server = postgres::run(&self.programs, paths, &accounts).await?;
        let filled = self.fill_database(reader, &postgres::url(paths)).await;
        server.stop(Part::Postgres.stop_signal(), Part::Postgres.grace(Occasion::Stop)).await?;
        filled
    }

    async fn fill_database(&self, reader: &Reader, url: &str) -> Result<()> {
        let dump = database::extract(reader.member(DUMP)?, &self.paths.journals())?;
        let restored = Database::at(url, &self.programs)?.restore(&dump);
        fs::remove_file(&dump)?;
        restored.context("the database cannot be restored")?;
        controller::backup::adopt(url, &reader.manifest.images).await
    }

    /// The range of the other machine, unless this one needs it for itself.
    fn keep_pool(&self, reader: &Reader) -> Result<()> {
        let Some(pool) = reader.manifest.network_pool else { return Ok(()) };
        if pool::is_free(pool, &pool::taken()?) {
            let line = format!("{pool}\n");
            return Ok(files::write(&self.paths.network_pool(), line.as_bytes(), Owner::ROOT, 0o644)?);
        }
        progress::say(format_args!(
            "the networks of apps were cut from {pool}, which this machine uses: the first start chooses another range"
        ));
        Ok(())
    }

    /// As good as can be: why it is undone matters more than what of that fails.
    async fn undo(&self, reader: &Reader, had_users: bool) {
        let folders = [&self.paths.config, &self.paths.data, &self.paths.run].map(|folder| empty(folder).err());
        let users = if had_users { None } else { Accounts::remove(&self.name).err() };
        let images = self.engine.forget(&reader.manifest.images).await.err();
        let troubles = folders.into_iter().flatten().map(Into::into).chain(users).chain(images);
        for trouble in troubles {
            progress::say(format_args!("could not be undone: {trouble:#}"));
        }
    }
}

/// Removes what is in a folder, and the folder unless something is mounted there.
fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if ![io::ErrorKind::NotFound, io::ErrorKind::ResourceBusy].contains(&error.kind()) => Err(error),
        _ => Ok(()),
    }
}
