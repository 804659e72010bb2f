//! What a client may know of the platform. Ours; Deis had no such route.

use serde::{Deserialize, Serialize};

/// `GET /v2/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Info {
    /// Version of Slipway.
    pub version: String,
    /// Version in Deis's numbering, as in the header `DEIS_PLATFORM_VERSION`.
    pub platform_version: String,
    /// The domain under which apps are served by their names.
    pub domain: String,
    /// Where apps are pushed to; none where nothing listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<SshAddress>,
}

/// Where apps are pushed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SshAddress {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The keys that the host shows, in OpenSSH's form without comments.
    #[serde(default)]
    pub host_keys: Vec<String>,
}
