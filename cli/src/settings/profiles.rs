//! The profiles of a user: the settings files in the program's own folder, and which of them `profiles:use` remembered.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{Store, write_private};
use crate::{name::Name, report::Failure};

/// The profile when none is named.
pub const DEFAULT: &str = "client";
/// The file that remembers one. It does not end in `.json`, so it is no profile itself, and Deis's client does not see it.
const USED: &str = "profile";
const EXTENSION: &str = ".json";

/// The folder of profiles, which may not be there yet.
pub struct Profiles {
    folder: PathBuf,
}

impl Profiles {
    /// Those of the program of this name.
    pub fn of(name: &Name) -> Result<Self> {
        let home = env::var_os("HOME").filter(|home| !home.is_empty()).ok_or_else(|| {
            Failure::new("HOME is not set, so there is no place for the settings")
                .hint(format!("Set HOME, or name a settings file: {name} -c /path/to/settings.json ..."))
        })?;
        Ok(Self { folder: PathBuf::from(home).join(name.folder()) })
    }

    /// The settings file of a profile, whether it is there or not.
    pub fn store(&self, profile: &str) -> Result<Store> {
        if !is_name(profile) {
            return Err(Failure::new(format!("{profile:?} is neither a profile nor a settings file"))
                .hint("A settings file is a path that ends in .json; a profile is a name without slashes.")
                .into());
        }
        Ok(Store::within(&self.folder, profile))
    }

    /// The names of those that have a settings file, in order.
    pub fn names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            entries => entries.with_context(|| format!("cannot read {}", self.folder.display()))?,
        };
        let names = entries.flatten().filter(|entry| entry.path().is_file()).filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            file.strip_suffix(EXTENSION).filter(|name| !name.is_empty()).map(str::to_owned)
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        Ok(names)
    }

    /// The one that was remembered.
    pub fn used(&self) -> Result<Option<String>> {
        let path = self.memory();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let profile = text.trim_end_matches(['\n', '\r']);
        if !is_name(profile) {
            return Err(Failure::new(format!("{} names no profile", path.display()))
                .hint("Remove it, or have `profiles:use` write another one.")
                .into());
        }
        Ok(Some(profile.to_owned()))
    }

    /// Remembers a profile; remembering [`DEFAULT`] is forgetting.
    pub fn remember(&self, profile: &str) -> Result<()> {
        if profile == DEFAULT {
            return self.forget();
        }
        let path = self.memory();
        write_private(&path, format!("{profile}\n").as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Forgets what was remembered.
    pub fn forget(&self) -> Result<()> {
        let path = self.memory();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn memory(&self) -> PathBuf {
        self.folder.join(USED)
    }
}

/// There is none, or something else where the folder would be.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn is_name(profile: &str) -> bool {
    !profile.is_empty() && !profile.contains(['/', '\\', '\0', '\n'])
}
