//! What people and programs are told when a backup was made, checked or restored.

use std::path::PathBuf;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{manifest::Manifest, progress, reader::Reader};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Done {
    /// A backup was made, and can be restored.
    Verified,
    /// A backup that was there can be restored.
    Checked,
    /// A backup was restored.
    Restored,
}

/// What is in the backup.
#[derive(Debug, Serialize)]
pub struct Report {
    outcome: Done,
    file: PathBuf,
    keys: PathBuf,
    installation: Uuid,
    made_at: DateTime<Utc>,
    bytes: u64,
    apps: i64,
    releases: i64,
    images: usize,
    repositories: usize,
    missing_images: Vec<String>,
    arguments: Vec<String>,
}

impl Report {
    /// About this backup.
    pub fn of(outcome: Done, reader: &Reader, file: PathBuf, keys: PathBuf) -> Result<Self> {
        let manifest: &Manifest = &reader.manifest;
        Ok(Self {
            outcome,
            file,
            keys,
            installation: manifest.installation,
            made_at: manifest.made_at,
            bytes: reader.bytes()?,
            apps: manifest.rows("apps"),
            releases: manifest.rows("releases"),
            images: manifest.images.len(),
            repositories: manifest.repositories.len(),
            missing_images: manifest.missing.clone(),
            arguments: manifest.arguments.clone(),
        })
    }

    /// As text, or as one JSON object.
    pub fn text(&self, json: bool) -> Result<String> {
        if json {
            return Ok(serde_json::to_string(self)? + "\n");
        }
        let made = self.made_at.format("%Y-%m-%d %H:%M:%S UTC");
        let what = format!(
            "{} ({}), made {made}. Apps: {}, releases: {}, images: {}, repositories: {}",
            self.file.display(),
            progress::size(self.bytes),
            self.apps,
            self.releases,
            self.images,
            self.repositories
        );
        let head = match self.outcome {
            Done::Verified => format!(
                "Verified: {what}.\nThe keys are in {}: keep them apart from the data, and both off this machine.\n",
                self.keys.display()
            ),
            Done::Checked => format!("Good: {what}.\nIt can be restored with these keys.\n"),
            Done::Restored => format!(
                "Restored: {what}.\nStart the platform, and apps serve again. It ran as:\n    slipway standalone {}\n",
                self.arguments.join(" ")
            ),
        };
        let missing = self
            .missing_images
            .iter()
            .map(|image| format!("The machine had an image no more, so that nothing can go back to it. {image}\n"));
        Ok(head + &missing.collect::<String>())
    }
}
