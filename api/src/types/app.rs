//! Apps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    names::{AppName, ProcessType},
    time::Timestamp,
};

/// An app as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct App {
    /// Public, stable identity.
    pub uuid: Uuid,
    /// The app's name.
    pub id: AppName,
    /// Username of the owner.
    pub owner: String,
    /// The formation: wanted instances per process type.
    pub structure: BTreeMap<ProcessType, u32>,
    /// Process types of the latest good build and their commands.
    #[serde(default)]
    pub procfile_structure: BTreeMap<ProcessType, String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// `POST /v2/apps`. Without an id the controller makes one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CreateApp {
    /// The wanted name, unparsed: a bad one is answered as a field error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// `POST /v2/apps/{id}`: hands the app to somebody else, or gives it another name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UpdateApp {
    /// Username of the new owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The new name, unparsed; ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}
