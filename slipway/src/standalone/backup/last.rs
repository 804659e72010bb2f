//! What this machine remembers of its last good backup, so that `slipway doctor` can tell how old it is.

use std::path::PathBuf;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::standalone::{
    files::{self, Owner},
    paths::Paths,
};

/// The last backup that could be restored.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    /// When it was begun: it holds what there was then.
    pub made_at: DateTime<Utc>,
    /// Where it was put; it may have been taken elsewhere since.
    pub file: PathBuf,
}

impl LastBackup {
    /// Takes it down.
    pub fn write(&self, paths: &Paths) -> Result<()> {
        let text = serde_json::to_string(self)? + "\n";
        files::write(&paths.last_backup(), text.as_bytes(), Owner::ROOT, 0o644)
            .with_context(|| format!("cannot write {}", paths.last_backup().display()))
    }

    /// Remembers; `None` where there was none.
    pub fn read(paths: &Paths) -> Result<Option<Self>> {
        let path = paths.last_backup();
        let text = files::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .with_context(|| format!("{} is damaged", path.display()))
    }
}
