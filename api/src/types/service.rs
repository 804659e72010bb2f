//! Process types that answer some paths of their app: Hephy's services.

use serde::{Deserialize, Serialize};

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Service {
    /// Its process type.
    pub procfile_type: String,
    /// The paths that it answers: a [`crate::names::PathPattern`].
    pub path_pattern: String,
}

/// `GET /v2/apps/{id}/services`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Services {
    /// The newest first.
    pub services: Vec<Service>,
}

/// `POST /v2/apps/{id}/services`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetService {
    /// See [`Service::procfile_type`].
    pub procfile_type: crate::names::ProcessType,
    /// See [`Service::path_pattern`].
    pub path_pattern: crate::names::PathPattern,
}

/// `DELETE /v2/apps/{id}/services`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RemoveService {
    /// See [`Service::procfile_type`].
    pub procfile_type: crate::names::ProcessType,
}
