//! Whose requests an app takes.

use serde::{Deserialize, Serialize};

use crate::names::ClientNetwork;

/// `GET /v2/apps/{id}/whitelist`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Whitelist {
    /// Addresses and networks, in the order in which they were added; none means everybody.
    pub addresses: Vec<String>,
}

/// `POST` and `DELETE /v2/apps/{id}/whitelist`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChangeWhitelist {
    /// What comes, or goes.
    pub addresses: Vec<ClientNetwork>,
}
