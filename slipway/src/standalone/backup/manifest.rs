//! What a backup says about itself: the last of its members, so that one that was cut off has none.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use controller::backup::Image;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Grows when an older program could not restore what a newer one wrote.
pub const FORMAT: u32 = 1;
/// The member that holds it, and the one with its checksum.
pub const NAME: &str = "manifest.json";
pub const CHECKSUM: &str = "manifest.json.sha256";

/// What is in a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// See [`FORMAT`].
    pub format: u32,
    /// The program that wrote it.
    pub version: String,
    /// Whose data these are.
    pub installation: Uuid,
    /// When it was begun.
    pub made_at: DateTime<Utc>,
    /// The range that networks of apps were cut from, taken again where it is free.
    pub network_pool: Option<Ipv4Net>,
    /// How the supervisor had been started, for whoever has to start it again.
    pub arguments: Vec<String>,
    /// Rows of each table.
    pub tables: BTreeMap<String, i64>,
    /// Every image that apps need, whichever member has it.
    pub images: Vec<Image>,
    /// Images that the engine did not have any more: `<app>: <image>`.
    pub missing: Vec<String>,
    /// Apps with a repository, and where its `HEAD` leads.
    pub repositories: BTreeMap<Uuid, String>,
    /// Every other member.
    pub members: BTreeMap<String, Member>,
}

/// A member's length and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// Reads it; one of a newer format is refused before anything else is looked at.
    pub fn parse(text: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
            version: String,
        }
        let head: Head = serde_json::from_slice(text).context("its manifest is damaged")?;
        ensure!(
            head.format <= FORMAT,
            "it was made by slipway {} in format {}, and this program reads up to format {FORMAT}: install that version \
             or a newer one",
            head.version,
            head.format
        );
        serde_json::from_slice(text).context("its manifest is damaged")
    }

    /// Rows of a table.
    pub fn rows(&self, table: &str) -> i64 {
        self.tables.get(table).copied().unwrap_or_default()
    }

    /// Members that hold images.
    pub fn image_members(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str).filter(|name| name.starts_with("images-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_format_is_refused_in_words() {
        let error = Manifest::parse(br#"{"format": 2, "version": "3.0.0", "new": true}"#).unwrap_err();
        insta::assert_snapshot!(error, @"it was made by slipway 3.0.0 in format 2, and this program reads up to format 1: install that version or a newer one");
        assert_eq!(Manifest::parse(b"{").unwrap_err().to_string(), "its manifest is damaged");
    }
}
