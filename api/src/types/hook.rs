//! What a builder with the builder key says (`/v2/hooks`, for compatibility: our own speaks [`crate::push`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CreateBuild;

/// A key of a user who may push to an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HookKey {
    /// The key in OpenSSH's form.
    pub key: String,
    /// MD5 of the key, in pairs of digits with colons between.
    pub fingerprint: String,
}

/// `GET /v2/hooks/key/{fingerprint}`: whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HookUser {
    /// The owner of the key.
    pub username: String,
    /// Apps that the owner may push to, sorted.
    pub apps: Vec<String>,
}

/// `POST /v2/hooks/config`: who pushes to which app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HookPush {
    /// Username.
    pub receive_user: String,
    /// Name of the app.
    pub receive_repo: String,
}

/// `POST /v2/hooks/build`: deploys what was built of a push.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HookBuild {
    /// Username.
    pub receive_user: String,
    /// Name of the app.
    pub receive_repo: String,
    /// See [`CreateBuild::image`].
    #[serde(default)]
    pub image: String,
    /// See [`CreateBuild::procfile`].
    #[serde(default)]
    pub procfile: Option<BTreeMap<String, Option<String>>>,
    /// See [`CreateBuild::sha`].
    #[serde(default)]
    pub sha: Option<String>,
    /// See [`CreateBuild::dockerfile`].
    #[serde(default)]
    pub dockerfile: Option<String>,
}

impl HookBuild {
    /// Who pushes to which app, and what is to be deployed there.
    #[must_use]
    pub fn split(self) -> (HookPush, CreateBuild) {
        let push = HookPush { receive_user: self.receive_user, receive_repo: self.receive_repo };
        let build =
            CreateBuild { image: self.image, procfile: self.procfile, sha: self.sha, dockerfile: self.dockerfile };
        (push, build)
    }
}

/// Answer to [`HookBuild`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HookBuilt {
    /// The release that came of it.
    pub release: HookRelease,
}

/// The release in [`HookBuilt`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HookRelease {
    /// Its number.
    pub version: u32,
}
