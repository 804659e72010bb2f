//! Releases.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// A release as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Release {
    /// Public, stable identity.
    pub uuid: Uuid,
    /// Name of the app.
    pub app: String,
    /// Username of whoever made it.
    pub owner: String,
    /// 1, 2, 3 ... within the app; never used twice.
    pub version: u32,
    /// What changed, in one line.
    pub summary: String,
    /// The build; none in releases made before the first one.
    pub build: Option<Uuid>,
    /// The config.
    pub config: Uuid,
    /// True when deploying it failed.
    #[serde(default)]
    pub failed: bool,
    /// Why it failed.
    #[serde(default)]
    pub exception: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// `POST /v2/apps/{id}/releases/rollback`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Rollback {
    /// The release whose build and config are wanted; the one before the latest good one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// Answer to [`Rollback`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RolledBack {
    /// The release that the rollback made.
    pub version: u32,
}
