//! What a client may know of the platform. Ours; Deis had no such route.

use serde::{Deserialize, Serialize};

/// `GET /v2/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Version of Slipway.
    pub version: String,
    /// Version in Deis's numbering, as in the header `DEIS_PLATFORM_VERSION`.
    pub platform_version: String,
    /// The domain under which apps are served by their names.
    pub domain: String,
}
