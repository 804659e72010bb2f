//! The operator's drains, which get the lines of all apps: URLs in a file, one a line, because arguments of a process are
//! no place for secrets. The database has a row for each, which says how far it is.

use std::{fs, io::ErrorKind, path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use api::names::DrainUrl;
use sqlx::PgConnection;
use tokio::task::spawn_blocking;

use crate::{
    db::{
        self,
        drain::{self, Mark},
        drain_sender::{self, Lease},
        event,
    },
    state::State,
};

/// The file, and what it last said.
#[derive(Default)]
pub struct Platform {
    path: Option<PathBuf>,
    text: Option<String>,
    /// What it says has its rows.
    done: bool,
}

impl Platform {
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, ..Self::default() }
    }

    /// Somebody else may have had the lease meanwhile.
    pub fn begin(&mut self) {
        self.done = false;
    }

    /// Reads the file again. A file that cannot be read says what it said before.
    pub async fn look(&mut self) {
        let Some(path) = self.path.clone() else { return };
        let read = spawn_blocking(move || match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            read => read.with_context(|| format!("cannot read {}", path.display())),
        });
        match read.await {
            Ok(Ok(text)) if self.text.as_ref() == Some(&text) => {}
            Ok(Ok(text)) => (self.text, self.done) = (Some(text), false),
            Ok(Err(error)) if self.text.is_none() => {
                tracing::warn!(error = format!("{error:#}"), "the platform's own drains are as they were");
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }

    /// Whether it names any drain.
    pub fn any(&self) -> bool {
        self.text.as_deref().is_some_and(|text| lines(text).next().is_some())
    }

    /// Gives each its row, and takes that of each that is gone.
    pub async fn settle(&mut self, state: &State, lease: Lease) -> Result<()> {
        let Some(text) = self.text.as_deref().filter(|_| !self.done) else { return Ok(()) };
        let wanted = parse(text);
        let mut tx = db::begin(&state.pool).await?;
        drain_sender::hold(&mut tx, lease).await?;
        let known = drain::list(&mut *tx, &state.vault, None).await?;
        for gone in known.iter().filter(|known| known.url.as_ref().is_none_or(|url| !wanted.contains(url))) {
            drain::delete(&mut *tx, &state.vault, None, gone.uuid).await?;
        }
        for new in wanted.iter().filter(|url| !known.iter().any(|known| known.url.as_ref() == Some(*url))) {
            let added = drain::insert(&mut *tx, &state.vault, None, new).await?;
            begin_now(&mut tx, state, added.id).await?;
            tracing::info!(url = new.masked(), drain = %added.uuid, "lines of all apps go to a new drain");
        }
        db::commit(tx).await?;
        self.done = true;
        Ok(())
    }
}

/// What there is already is not sent.
async fn begin_now(tx: &mut PgConnection, state: &State, id: i64) -> Result<()> {
    let (store, apps) = (Arc::clone(&state.logs), drain::apps(&mut *tx).await?);
    let until = event::settled(&mut *tx).await?;
    let event_id = event::newest_of_all(&mut *tx, until).await?;
    let ends = spawn_blocking(move || {
        let ends = apps.into_iter().map(|(id, uuid, _)| Ok((id, Mark { sequence: store.end(uuid)?, event_id })));
        ends.collect::<Result<_>>()
    });
    Ok(drain::put_marks(tx, id, &ends.await.context("reading logs panicked")??).await?)
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().map(str::trim).enumerate();
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn parse(text: &str) -> Vec<DrainUrl> {
    let mut urls = Vec::new();
    for (at, line) in lines(text) {
        match DrainUrl::parse(line) {
            Ok(url) if urls.contains(&url) => {}
            Ok(url) => urls.push(url),
            // The line itself may be secret.
            Err(error) => tracing::error!(line = at + 1, %error, "a line of the platform's own drains is none"),
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_of_the_file() {
        let text = "# ours\n\nsyslog+tls://logs.example.com:6514\n  https://u:p@x.example/  \nnonsense\nhttps://u:p@x.example\n";
        let urls: Vec<_> = parse(text).iter().map(|url| url.as_str().to_owned()).collect();
        assert_eq!(urls, ["syslog+tls://logs.example.com:6514", "https://u:p@x.example/"]);
    }
}
