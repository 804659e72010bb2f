//! The settings file on disk: for its owner's eyes only, and never half written.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use api::client::misfit;
use tempfile::{Builder, NamedTempFile};

use super::Settings;
use crate::report::Failure;

const OWNER_ONLY_FILE: u32 = 0o600;
const OWNER_ONLY_FOLDER: u32 = 0o700;

/// One settings file, which may not be there yet.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    /// The folder holds nothing but settings of ours.
    own_folder: bool,
}

impl Store {
    /// The settings file at a path of the user's choice.
    pub fn at(path: PathBuf) -> Self {
        Self { path, own_folder: false }
    }

    /// The settings file of a profile in the program's own folder.
    pub fn within(folder: &Path, profile: &str) -> Self {
        Self { path: folder.join(format!("{profile}.json")), own_folder: true }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings, if there are any.
    pub fn find(&self) -> Result<Option<Settings>> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        };
        let settings = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(format!("{} is not a settings file: {}", self.path.display(), misfit(&error)))
                .hint("Remove it and log in again, or name another one with -c.")
        })?;
        Ok(Some(settings))
    }

    /// Replaces the file.
    pub fn save(&self, settings: &Settings) -> Result<()> {
        let text = serde_json::to_vec(settings)?;
        self.folder().and_then(|()| write_private(&self.path, &text)).map_err(|error| {
            Failure::new(format!("cannot write the settings to {}: {error}", self.path.display()))
                .hint("You are not logged in: without the file the token is lost.")
                .into()
        })
    }

    /// Removes the file; one that is not there is fine.
    pub fn remove(&self) -> Result<()> {
        sweep(&self.path);
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    fn folder(&self) -> io::Result<()> {
        let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
        DirBuilder::new().recursive(true).mode(OWNER_ONLY_FOLDER).create(folder)?;
        if self.own_folder {
            // It may come from elsewhere, or from an older version.
            fs::set_permissions(folder, Permissions::from_mode(OWNER_ONLY_FOLDER))?;
        }
        Ok(())
    }
}

/// Writes a file that only its owner can read. A reader sees the old content or the new one, never a part; a link in
/// the place of the file is replaced, not followed.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    sweep(path);
    let mut file = draft(path)?;
    // Whatever the umask is.
    file.as_file().set_permissions(Permissions::from_mode(OWNER_ONLY_FILE))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A new file beside `path`, locked for as long as its writer lives.
fn draft(path: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = Builder::new().prefix(&prefix(path)).tempfile_in(folder_of(path))?;
        // Where there are no locks, nobody sweeps either.
        let _ = file.as_file().lock();
        // Before it was locked, somebody else may have taken it for a leftover.
        if file.as_file().metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
}

/// Removes what writers left that were killed: there are secrets in it, and nobody would look for them there.
fn sweep(path: &Path) {
    let (prefix, Ok(entries)) = (prefix(path), fs::read_dir(folder_of(path))) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)) {
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            // What cannot be removed is somebody else's, or gone.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// How the drafts of a file begin.
fn prefix(path: &Path) -> String {
    format!(".{}.draft-", path.file_name().unwrap_or_default().to_string_lossy())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
