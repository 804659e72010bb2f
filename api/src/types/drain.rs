//! Where lines of an app are sent on to.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{names::DrainUrl, time::Timestamp};

/// A drain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Drain {
    /// What it is removed by.
    pub uuid: Uuid,
    /// Where to. What may be secret in it is stars to tokens that may not read config.
    pub url: String,
    /// When it was added.
    pub created: Timestamp,
    /// Messages that arrived there.
    #[serde(default)]
    pub sent: i64,
    /// Lines that the log had no more room for before they could be sent.
    #[serde(default)]
    pub dropped: i64,
    /// When something last arrived.
    #[serde(default)]
    pub last_sent: Option<Timestamp>,
    /// Why something last did not.
    #[serde(default)]
    pub last_error: Option<String>,
    /// When that was.
    #[serde(default)]
    pub last_error_at: Option<Timestamp>,
}

/// `POST /v2/apps/{id}/drains`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateDrain {
    /// Where to.
    pub url: DrainUrl,
}
