//! Instances, which Deis called pods.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One running copy of a process type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pod {
    /// The instance's name.
    pub name: String,
    /// Its process type.
    #[serde(rename = "type")]
    pub process_type: String,
    /// `initializing`, `creating`, `starting`, `up`, `terminating`, `down`, `crashed`, `error`.
    pub state: String,
    /// The release it runs, `v<N>`.
    pub release: String,
    /// When it was started.
    pub started: Timestamp,
}

/// `GET /v2/apps/{id}/pods`: a list without paging.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PodList {
    /// The instances, newest start first.
    pub results: Vec<Pod>,
    /// How many.
    pub count: u64,
}
