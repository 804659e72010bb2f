//! Settings of an app that make no release.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{names::ClientNetwork, time::Timestamp};

/// `GET /v2/apps/{id}/settings`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Settings {
    /// Public, stable identity.
    pub uuid: Uuid,
    /// Username of whoever changed it last.
    pub owner: String,
    /// Name of the app.
    pub app: String,
    /// The router answers with a maintenance page.
    pub maintenance: bool,
    /// The router serves the app at all.
    pub routable: bool,
    /// Addresses and networks that may reach it; empty means everybody.
    #[serde(default)]
    pub whitelist: Vec<String>,
    /// Scaling rules per process type.
    #[serde(default)]
    pub autoscale: BTreeMap<String, AutoscaleRule>,
    /// Notes of the users, never interpreted.
    #[serde(default)]
    pub label: BTreeMap<String, Value>,
    /// How the router treats its requests ([`crate::treatment`]); not shown while it treats them as everybody's, as at Deis.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub router: BTreeMap<String, String>,
    /// When the app was created.
    pub created: Timestamp,
    /// When they last changed.
    pub updated: Timestamp,
}

/// How many instances of a process type there should be, by what they use: what Deis stored for a
/// `HorizontalPodAutoscaler` (autoscaling/v1) of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AutoscaleRule {
    /// Never fewer; at least 1.
    pub min: u32,
    /// Never more; at least [`Self::min`].
    pub max: u32,
    /// What the instances should use on average, in percent of the CPU that one of them requests.
    pub cpu_percent: u32,
}

/// `POST /v2/apps/{id}/settings`: what is not named stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct UpdateSettings {
    /// See [`Settings::maintenance`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<bool>,
    /// See [`Settings::routable`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routable: Option<bool>,
    /// See [`Settings::whitelist`]; this one takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whitelist: Option<Vec<ClientNetwork>>,
    /// An [`AutoscaleRule`] for each of these process types; null removes one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub autoscale: BTreeMap<String, Option<Value>>,
    /// Notes to set; null removes one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub label: BTreeMap<String, Option<Value>>,
    /// Treatments to set; null removes one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = BTreeMap<String, Value>))]
    pub router: BTreeMap<String, Option<Value>>,
}

/// `GET /v2/apps/{id}/tls`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Tls {
    /// Public, stable identity.
    pub uuid: Uuid,
    /// Username of whoever changed it last.
    pub owner: String,
    /// Name of the app.
    pub app: String,
    /// Plain requests are sent on to https; none means never set.
    pub https_enforced: Option<bool>,
    /// When the app was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// `POST /v2/apps/{id}/tls`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct UpdateTls {
    /// See [`Tls::https_enforced`].
    pub https_enforced: Option<bool>,
}
