//! What an operation asks for, as it waits in the queue.

use std::collections::BTreeMap;

use api::{
    names::{ImageName, ProcessType},
    types::ConfigPatch,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A change that makes a release. Applied to the latest good release of the moment when the operation starts.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Patch {
    /// Another image.
    Build(BuildPatch),
    /// Another config.
    Config(ConfigPatch),
    /// Build and config of an earlier release.
    Rollback {
        /// Which; the one before the latest good one when absent.
        version: Option<i64>,
    },
}

impl Patch {
    /// The kind as it is stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Build(_) => "build",
            Self::Config(_) => "config",
            Self::Rollback { .. } => "rollback",
        }
    }
}

/// An image and how to start it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildPatch {
    /// As the user names it.
    pub image: ImageName,
    /// Process types and their commands.
    #[serde(default)]
    pub procfile: BTreeMap<ProcessType, String>,
    /// The commit it was built from, or empty.
    #[serde(default)]
    pub sha: String,
    /// Non-empty when a Dockerfile was built.
    #[serde(default)]
    pub dockerfile: String,
    /// What a push built; none for an image of somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built: Option<Built>,
}

/// The result of a build of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Built {
    /// The build.
    pub build: Uuid,
    /// Exactly where the platform finds the image.
    pub reference: String,
}
