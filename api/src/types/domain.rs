//! Domains of an app.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A domain as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Domain {
    /// Username of whoever added it.
    pub owner: String,
    /// Name of the app.
    pub app: String,
    /// The domain; without a dot it is a name under the platform's domain.
    pub domain: String,
    /// When it was added.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// `POST /v2/apps/{id}/domains`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CreateDomain {
    /// The domain, unparsed: a bad one is answered as a field error.
    #[serde(default)]
    pub domain: String,
}
