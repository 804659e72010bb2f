//! SSH keys of users.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// A public key as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Key {
    /// Public, stable identity.
    pub uuid: Uuid,
    /// What its owner calls it.
    pub id: String,
    /// Username of the owner.
    pub owner: String,
    /// The key in OpenSSH's form.
    pub public: String,
    /// MD5 of the key, in pairs of digits with colons between.
    #[serde(default)]
    pub fingerprint: String,
    /// When it was added.
    pub created: Timestamp,
    /// Same: keys never change.
    pub updated: Timestamp,
}

/// `POST /v2/keys`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct CreateKey {
    /// What its owner calls it, unparsed: a bad one is answered as a field error.
    pub id: String,
    /// The key in OpenSSH's form, unparsed.
    pub public: String,
}
