//! The audit log: who did what.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// One call that changes something, or would have.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// When.
    pub created: Timestamp,
    /// Who called.
    pub user: String,
    /// What they were known by: `login`, `api`, `password`, `key` or `builder`; empty where it was not kept.
    pub via: String,
    /// The name of the API token.
    pub token: String,
    /// Where from, as the router saw it; `local` is the platform's machine.
    pub address: String,
    /// What was done, in the words of `mycli` (`config:set`), or the route of what was not done.
    pub action: String,
    /// What it was done to: a user name, keys of config, a version. Never a secret.
    pub target: String,
    /// The app's uuid.
    pub app_uuid: Option<Uuid>,
    /// The app's name now; none when it is gone.
    pub app: Option<String>,
    /// `done`, `begun`, `refused` or `failed`.
    pub outcome: String,
    /// The request's id, which logs of router and controller name.
    pub request_id: String,
}
