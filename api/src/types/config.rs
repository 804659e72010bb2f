//! Config: everything that a release adds to a build.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Healthcheck;
use crate::time::Timestamp;

/// The config of a release as the API shows it. All scalar values are strings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Config {
    /// Public, stable identity.
    pub uuid: Uuid,
    /// Username of whoever made it.
    pub owner: String,
    /// Name of the app.
    pub app: String,
    /// Environment variables.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Memory per process type: `<limit>` or `<request>/<limit>`.
    #[serde(default)]
    pub memory: BTreeMap<String, String>,
    /// CPU per process type: `<limit>` or `<request>/<limit>`, in cores or thousandths (`500m`).
    #[serde(default)]
    pub cpu: BTreeMap<String, String>,
    /// Labels a machine must have to run the app.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Registry login: `username`, `password`, `hostname`.
    #[serde(default)]
    pub registry: BTreeMap<String, String>,
    /// Health checks per process type; `web/cmd` stands for both.
    #[serde(default)]
    pub healthcheck: BTreeMap<String, Healthcheck>,
    /// Commands run after an instance has started, per process type.
    #[serde(default)]
    pub lifecycle_post_start: BTreeMap<String, String>,
    /// Commands run before an instance is stopped, per process type.
    #[serde(default)]
    pub lifecycle_pre_stop: BTreeMap<String, String>,
    /// Seconds between SIGTERM and SIGKILL, per process type.
    #[serde(default)]
    pub termination_grace_period: BTreeMap<String, String>,
    /// When it was made.
    pub created: Timestamp,
    /// Same: configs never change.
    pub updated: Timestamp,
}

/// One map of a config change: a value sets its key, null removes it, keys not named stay.
///
/// Values are any JSON: Deis took numbers and booleans and turned them into text, and wrong ones are answered field by
/// field, not as one parse error.
pub type Patch = BTreeMap<String, Option<Value>>;

/// `POST /v2/apps/{id}/config`: a change of any of the maps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ConfigPatch {
    /// Environment variables.
    #[serde(skip_serializing_if = "Patch::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub values: Patch,
    /// Memory limits.
    #[serde(skip_serializing_if = "Patch::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub memory: Patch,
    /// CPU limits.
    #[serde(skip_serializing_if = "Patch::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub cpu: Patch,
    /// Tags.
    #[serde(skip_serializing_if = "Patch::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub tags: Patch,
    /// Registry login.
    #[serde(skip_serializing_if = "Patch::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub registry: Patch,
    /// Health checks; a value is a [`Healthcheck`] whose probes may be null.
    #[serde(skip_serializing_if = "Patch::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub healthcheck: Patch,
    /// Hooks after start.
    #[serde(skip_serializing_if = "Patch::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub lifecycle_post_start: Patch,
    /// Hooks before stop.
    #[serde(skip_serializing_if = "Patch::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub lifecycle_pre_stop: Patch,
    /// Grace periods.
    #[serde(skip_serializing_if = "Patch::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub termination_grace_period: Patch,
}
