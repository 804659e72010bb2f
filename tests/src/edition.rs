//! Other editions of our own program, made of the one that cargo built by changing words in it for others of the same
//! length: another version, or one in which the parts disagree, as a mistake in a new version would have it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::program;

/// A file with another edition of `slipway`; it goes when this is dropped.
pub struct Edition {
    folder: TempDir,
}

impl Edition {
    /// Which differs in its number alone. What it says of itself everywhere comes from there.
    pub fn numbered(number: &str) -> Result<Self> {
        Self::with(number, &[])
    }

    /// Which bears this number, and in which each of these words, where it comes first, is another one.
    pub fn with(number: &str, words: &[(&str, &str)]) -> Result<Self> {
        let mut bytes = fs::read(program::ours("slipway")?)?;
        let name = concat!("slipway ", env!("CARGO_PKG_VERSION"));
        for (word, other) in [(name, format!("slipway {number}").as_str())].iter().chain(words) {
            change(&mut bytes, word, other)?;
        }
        Self::of(&bytes)
    }

    /// A file of these bytes.
    pub fn of(bytes: &[u8]) -> Result<Self> {
        let edition = Self { folder: TempDir::new()? };
        fs::write(edition.path(), bytes)?;
        fs::set_permissions(edition.path(), Permissions::from_mode(0o755))?;
        Ok(edition)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("slipway")
    }

    /// The same as a word of a command.
    #[must_use]
    pub fn word(&self) -> String {
        self.path().display().to_string()
    }

    /// Whether a file is a copy of it.
    pub fn is(&self, path: &Path) -> Result<bool> {
        Ok(fs::read(self.path())? == fs::read(path)?)
    }
}

fn change(bytes: &mut [u8], word: &str, other: &str) -> Result<()> {
    ensure!(word.len() == other.len(), "{word} and {other} differ in length");
    let place = bytes.windows(word.len()).position(|window| window == word.as_bytes());
    let place = place.with_context(|| format!("our program does not say {word}"))?;
    bytes[place..place + word.len()].copy_from_slice(other.as_bytes());
    Ok(())
}
