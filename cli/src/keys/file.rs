//! A file with a public key in it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use api::names::PublicKey;

use crate::report::Failure;

/// A public key and where it comes from.
pub struct KeyFile {
    path: PathBuf,
    /// The key.
    pub key: PublicKey,
}

impl KeyFile {
    /// Reads it.
    pub fn read(path: PathBuf) -> Result<Self> {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let key = PublicKey::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| {
            Failure::new(format!("{} is not a valid ssh key", path.display())).hint(error.to_string())
        })?;
        Ok(Self { path, key })
    }

    /// The file's name without its folder.
    pub fn name(&self) -> String {
        name(&self.path)
    }

    /// What the key is called unless the user says otherwise: its comment, else the file's name up to its first dot.
    pub fn id(&self) -> String {
        match self.key.comment() {
            "" => self.name().split('.').next().unwrap_or_default().to_owned(),
            comment => comment.to_owned(),
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
