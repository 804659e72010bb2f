//! Shows that a backup can be restored, by restoring it: the database into a server of its own, every repository into a folder,
//! and what the engine will be given as far as checksums tell.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use controller::backup::Contents;

use super::{
    collect::DUMP,
    database::{self, Database},
    folders::{self, Kind},
    images,
    keys::Keys,
    manifest::Manifest,
    progress,
    reader::Reader,
    repositories,
    scratch::Scratch,
};
use crate::standalone::{account::Account, postgres::Programs};

/// With what a backup is verified.
pub struct Verifier {
    /// PostgreSQL's.
    pub programs: Programs,
    /// Who runs the server: anybody but root.
    pub account: Account,
}

impl Verifier {
    /// With the programs of this machine, and as the first of these users that it has.
    pub fn find(programs: Programs, name: &str) -> Result<Self> {
        for user in [format!("{name}-postgres"), "postgres".to_owned(), "nobody".to_owned()] {
            if let Some(account) = Account::find(&user)? {
                return Ok(Self { programs, account });
            }
        }
        bail!("this machine has no user to run a database as: neither postgres nor nobody");
    }

    /// Fails, and says why, unless everything in it can be restored with these keys.
    pub async fn verify(&self, reader: &Reader, keys: &Keys) -> Result<()> {
        progress::say("verifying: checksums");
        reader.check()?;
        ensure!(
            keys.installation == reader.manifest.installation,
            "the keys are those of another installation ({}, not {})",
            keys.installation,
            reader.manifest.installation
        );
        keys.key()?;
        progress::say("verifying: images, lines, records");
        images::check(reader)?;
        for kind in [Kind::Logs, Kind::Builds] {
            let checked = folders::check(reader.member(kind.member())?);
            checked.with_context(|| format!("{} cannot be read", kind.member()))?;
        }
        progress::say("verifying: database, repositories");
        let scratch = Scratch::start(&self.programs, self.account.clone()).await?;
        let restored = self.restore(reader, keys, &scratch).await;
        scratch.stop().await?;
        restored
    }

    async fn restore(&self, reader: &Reader, keys: &Keys, scratch: &Scratch) -> Result<()> {
        let dump = database::extract(reader.member(DUMP)?, scratch.folder())?;
        let url = scratch.url();
        let database = Database::at(&url, &self.programs)?;
        database.list(&dump).context("the copy of the database cannot be read")?;
        database.restore(&dump).context("the copy of the database cannot be restored")?;
        let contents = controller::backup::check(&url, keys.key()?).await?;
        compare(&reader.manifest, &contents)?;
        for (app, head) in &reader.manifest.repositories {
            let bundle = reader.member(&repositories::member(app))?;
            let made = repositories::restore(bundle, &scratch.repositories(), app, head, scratch.account())?;
            std::fs::remove_dir_all(made)?;
        }
        Ok(())
    }
}

/// Whether the restored database is the one that was copied.
fn compare(manifest: &Manifest, restored: &Contents) -> Result<()> {
    ensure!(restored.installation == manifest.installation, "the database is another installation's");
    for (table, rows) in &manifest.tables {
        let found = restored.tables.get(table).copied().unwrap_or_default();
        ensure!(found == *rows, "the table {table} has {found} rows after it was restored, and {rows} in the original");
    }
    let copied: BTreeSet<_> = manifest.images.iter().map(|image| (image.app, &image.reference)).collect();
    for needed in &restored.images {
        let name = format!("{}: {}", needed.name, needed.reference);
        let is_known = copied.contains(&(needed.app, &needed.reference)) || manifest.missing.contains(&name);
        ensure!(is_known, "an image that an app needs is not in it: {name}");
    }
    Ok(())
}
