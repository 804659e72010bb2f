//! Making a backup of a platform that runs: one moment of the database, and everything that it speaks of.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use controller::backup::{Image, Images, Snapshot};

use super::{
    database::Database,
    folders::{self, Kind},
    images,
    manifest::{FORMAT, Manifest},
    progress, repositories,
    writer::Writer,
};
use crate::standalone::{account::Account, files, paths::Paths, postgres::Programs, status};

/// How often a new moment is chosen when images of the last one are gone already.
const TRIES: usize = 5;

/// The member with the database.
pub const DUMP: &str = "database.dump";

/// Options of `slipway standalone` that may hold a password, with the word after them.
const SECRET: [&str; 3] = ["--database-url", "--database-direct-url", "--deploy-hook-url"];

/// What a backup is made of.
pub struct Origin {
    /// Where everything lies.
    pub paths: Paths,
    /// Where the database is.
    pub url: String,
    /// PostgreSQL's.
    pub programs: Programs,
    /// The engine.
    pub engine: Images,
    /// Who owns the repositories.
    pub builder: Option<Account>,
}

impl Origin {
    /// Writes everything, and answers what was written.
    pub async fn collect(&self, writer: &mut Writer) -> Result<Manifest> {
        let made_at = Utc::now();
        let (snapshot, images, missing) = self.moment(writer).await?;
        let dumped = self.dump(&snapshot, writer);
        let contents = snapshot.contents.clone();
        snapshot.end().await;
        dumped?;
        let repositories = match &self.builder {
            Some(builder) if self.paths.repositories().exists() => {
                progress::say("repositories");
                repositories::collect(&self.paths.repositories(), builder, writer)?
            }
            _ => std::collections::BTreeMap::new(),
        };
        progress::say("lines of apps, records of builds");
        for (kind, folder) in [(Kind::Logs, self.paths.logs()), (Kind::Builds, self.paths.builds())] {
            let mut sink = writer.member(kind.member())?;
            folders::collect(kind, &folder, &mut sink)?;
            sink.end()?;
        }
        Ok(Manifest {
            format: FORMAT,
            version: crate::version::own().to_owned(),
            installation: contents.installation,
            made_at: whole_seconds(made_at),
            network_pool: files::read(&self.paths.network_pool())?.and_then(|text| text.trim().parse().ok()),
            arguments: arguments(&self.paths).unwrap_or_default(),
            tables: contents.tables,
            images,
            missing,
            repositories,
            members: writer.members(),
        })
    }

    /// A moment of the database whose images are written. The engine holds on to them from the first byte on; where one
    /// was given up between the moment and that, another moment is chosen.
    async fn moment(&self, writer: &mut Writer) -> Result<(Snapshot, Vec<Image>, Vec<String>)> {
        for _ in 0..TRIES {
            let snapshot = Snapshot::take(&self.url).await?;
            let (images, missing) = images::find(&self.engine, &snapshot.contents.images).await?;
            progress::say(format_args!("{} images", images.len()));
            if images::collect(&self.engine, &images, writer).await? {
                return Ok((snapshot, images, missing));
            }
            snapshot.end().await;
            writer.reset()?;
        }
        bail!("images are given up faster than they are copied: try again when less is deployed");
    }

    fn dump(&self, snapshot: &Snapshot, writer: &mut Writer) -> Result<()> {
        let mut sink = writer.member(DUMP)?;
        Database::at(&self.url, &self.programs)?
            .dump(&snapshot.name, &mut sink)
            .context("the database cannot be copied")?;
        progress::say(format_args!("database: {}", progress::size(sink.end()?)));
        Ok(())
    }
}

fn whole_seconds(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(time.timestamp(), 0).unwrap_or(time)
}

/// What the running supervisor was started with, without what may be secret.
fn arguments(paths: &Paths) -> Option<Vec<String>> {
    let supervisor = status::wait(paths, std::time::Duration::ZERO).ok()??.supervisor;
    let line = fs::read(Path::new("/proc").join(supervisor.to_string()).join("cmdline")).ok()?;
    let words = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    Some(without_secrets(words.skip_while(|word| word != "standalone").skip(1).filter(|word| !word.is_empty())))
}

fn without_secrets(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut leave_out = false;
    for word in words {
        let is_secret = SECRET.contains(&word.as_str());
        let holds_one = SECRET.iter().any(|option| word.starts_with(&format!("{option}=")));
        if !(leave_out || is_secret || holds_one) {
            kept.push(word);
        }
        leave_out = is_secret;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn what_holds_passwords_is_left_out() {
        let line = "--domain example.com --database-url postgres://a:b@c/d --database-direct-url=postgres://a:b@c/d \
                    --builds 3 --deploy-hook-url https://a/?token=b";
        let words = without_secrets(line.split_whitespace().map(str::to_owned));
        assert_eq!(words.join(" "), "--domain example.com --builds 3");
    }
}
