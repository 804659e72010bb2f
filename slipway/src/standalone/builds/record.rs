//! The record of a build: a folder that server and runner share.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use api::sandbox::{BuildState, BuildView, LOG_CHUNK};
use uuid::Uuid;

use super::settings::Settings;
use crate::standalone::{
    files::{self, Owner},
    process::Mark,
};

/// Before the id of what `slipway stack` does.
const STACK: &str = "stack-";

/// Where a build's record lies.
#[derive(Clone, Debug)]
pub struct Record {
    folder: PathBuf,
}

impl Record {
    /// The record of a build, whether it is there or not.
    pub fn of(settings: &Settings, build: Uuid) -> Self {
        Self { folder: settings.builds.join(build.to_string()) }
    }

    /// What is no build of an app, but runs like one.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The record of what `slipway stack` does.
    pub fn of_stack(settings: &Settings, id: Uuid) -> Self {
        Self::at(settings.builds.join(format!("{STACK}{id}")))
    }

    /// Makes it. Users of the sandbox pass through to what is theirs.
    pub fn create(&self, app: Uuid) -> Result<()> {
        files::ensure_folder(&self.folder, Owner::ROOT, 0o711)?;
        files::write(&self.folder.join("app"), app.to_string().as_bytes(), Owner::ROOT, 0o600)?;
        File::create(self.log())?;
        Ok(())
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has it begun?
    pub fn exists(&self) -> bool {
        self.folder.is_dir()
    }

    /// The app that is built.
    pub fn app(&self) -> Option<Uuid> {
        fs::read_to_string(self.folder.join("app")).ok()?.parse().ok()
    }

    /// Locked by the runner for as long as it lives.
    pub fn mark(&self) -> Mark {
        Mark::new(self.folder.join("alive"))
    }

    /// A runner lives.
    pub fn is_alive(&self) -> io::Result<bool> {
        Ok(self.exists() && self.mark().claim()?.is_none())
    }

    /// What was written.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// What the sandbox has, gone at its end.
    pub fn scratch(&self) -> PathBuf {
        self.folder.join("scratch")
    }

    /// Asks the runner to end.
    pub fn cancel(&self) -> Result<()> {
        files::write(&self.folder.join("cancel"), b"", Owner::ROOT, 0o600).context("cannot cancel")
    }

    /// Somebody asked for the end.
    pub fn is_cancelled(&self) -> bool {
        self.folder.join("cancel").exists()
    }

    /// Writes how it ended.
    pub fn end(&self, state: &BuildState) -> Result<()> {
        let text = serde_json::to_vec(state)?;
        files::write(&self.folder.join("outcome.json"), &text, Owner::ROOT, 0o600).context("cannot write the outcome")
    }

    /// How it is.
    pub fn state(&self) -> Result<BuildState> {
        if !self.exists() {
            return Ok(BuildState::Unknown);
        }
        // One whose runner is gone runs until nothing of it is left, and its end is written down.
        Ok(self.outcome()?.unwrap_or(BuildState::Running))
    }

    /// Writes that its runner is gone, unless it has written its outcome itself.
    pub fn cut_off(&self) -> Result<()> {
        if self.outcome()?.is_some() {
            return Ok(());
        }
        self.end(&BuildState::Failed { reason: "The build was cut off; push again.".to_owned() })
    }

    fn outcome(&self) -> Result<Option<BuildState>> {
        let text = files::read(&self.folder.join("outcome.json"))?;
        text.map(|text| serde_json::from_str(&text)).transpose().context("the outcome is damaged")
    }

    /// How it is, with its log from an offset on.
    pub fn view(&self, from: u64) -> Result<BuildView> {
        // The state first: what is written before the end is then in the log that is read after it.
        let state = self.state()?;
        let log = if self.exists() { chunk(&self.log(), from)? } else { String::new() };
        let next = from + log.len() as u64;
        Ok(BuildView { state, log, next })
    }
}

/// Text from an offset on, cut between characters.
fn chunk(path: &Path, from: u64) -> io::Result<String> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        file => file?,
    };
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LOG_CHUNK as u64).read_to_end(&mut bytes)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let end = error.utf8_error().valid_up_to();
            Ok(String::from_utf8_lossy(&error.as_bytes()[..end]).into_owned())
        }
    }
}

/// Every record of a build.
pub fn all(settings: &Settings) -> Result<Vec<(Uuid, Record)>> {
    listed(settings, "")
}

/// Every record of a `slipway stack`.
pub fn stacks(settings: &Settings) -> Result<Vec<(Uuid, Record)>> {
    listed(settings, STACK)
}

fn listed(settings: &Settings, prefix: &str) -> Result<Vec<(Uuid, Record)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(&settings.builds)? {
        let entry = entry?;
        let id = entry.file_name().to_str().and_then(|name| name.strip_prefix(prefix)?.parse().ok());
        found.extend(id.map(|id| (id, Record::at(entry.path()))));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_ends_between_characters() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, format!("a{}", "é".repeat(LOG_CHUNK / 2))).unwrap();
        let first = chunk(&path, 0).unwrap();
        assert_eq!(first.len(), LOG_CHUNK - 1);
        assert_eq!(chunk(&path, first.len() as u64).unwrap(), "é");
        assert_eq!(chunk(&dir.path().join("none"), 0).unwrap(), "");
    }
}
