//! Builds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// A build as the API shows it: an image and how to start it, or a push on its way there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Build {
    /// Public, stable identity.
    pub uuid: Uuid,
    /// Name of the app.
    pub app: String,
    /// Username of whoever made it.
    pub owner: String,
    /// The image as the user named it, or as what was pushed is called.
    pub image: String,
    /// The commit; empty for pulled images.
    #[serde(default)]
    pub sha: String,
    /// Process types and their commands.
    #[serde(default)]
    pub procfile: BTreeMap<String, String>,
    /// Non-empty when a Dockerfile was built.
    #[serde(default)]
    pub dockerfile: String,
    /// When it was made.
    pub created: Timestamp,
    /// Same for an image that was deployed as it is; for one that was pushed, when that was over.
    pub updated: Timestamp,
    /// Where a push stands: `queued`, `building`, `deploying`, `done`, `failed` or `cancelled`. None for other builds, and
    /// where the original list is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Why a push made no release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /v2/apps/{id}/builds`: deploys an image.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CreateBuild {
    /// The image as the user names it, unparsed: a bad one is answered as a field error.
    #[serde(default)]
    pub image: String,
    /// Process types and their commands, in place of the image's own command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procfile: Option<BTreeMap<String, Option<String>>>,
    /// The commit the image was built from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// Non-empty when a Dockerfile was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
}
