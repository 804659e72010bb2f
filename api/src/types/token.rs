//! API tokens: what programs call with.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// A token as the API shows it, without what it is kept from everybody for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ApiToken {
    /// Public, stable identity.
    pub uuid: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for; a newer controller may know more than [`crate::names::Scope`] does.
    pub scopes: Vec<String>,
    /// The apps that it is good for, by their names now; all when absent.
    #[serde(default)]
    pub apps: Option<Vec<String>>,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops being good; never when absent.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// That time has come.
    #[serde(default)]
    pub expired: bool,
}

/// `POST /v2/auth/api-tokens`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct CreateApiToken {
    /// What its owner calls it, unparsed: a bad one is answered as a field error.
    pub name: String,
    /// What it may be used for, unparsed.
    pub scopes: Vec<String>,
    /// The apps that it is good for, unparsed; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apps: Option<Vec<String>>,
    /// Seconds for which it is good; for ever when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<i64>,
}

/// Answer to [`CreateApiToken`].
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewApiToken {
    /// For `Authorization: token <token>`, shown this one time.
    pub token: String,
    /// What it is.
    #[serde(flatten)]
    pub about: ApiToken,
}
