//! Users, their passwords and tokens.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Timestamp;

/// A user as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct User {
    /// Unique name.
    pub username: String,
    /// May be empty.
    #[serde(default)]
    pub email: String,
    /// May be empty.
    #[serde(default)]
    pub first_name: String,
    /// May be empty.
    #[serde(default)]
    pub last_name: String,
    /// May do everything with every app.
    pub is_superuser: bool,
    /// Same as `is_superuser`; kept for Deis's clients.
    pub is_staff: bool,
    /// False shuts the user out.
    pub is_active: bool,
    /// Always empty; kept for Deis's clients.
    #[serde(default)]
    pub groups: Vec<Value>,
    /// Always empty; kept for Deis's clients.
    #[serde(default)]
    pub user_permissions: Vec<Value>,
    /// When the user last logged in.
    pub last_login: Option<Timestamp>,
    /// When the user registered.
    pub date_joined: Timestamp,
}

/// One row of `GET /v2/admin/perms`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AdminUser {
    /// Unique name.
    pub username: String,
    /// Always true there.
    pub is_superuser: bool,
}

/// `POST /v2/auth/register`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Register {
    /// The wanted name, unparsed.
    pub username: String,
    /// The password in clear; only its hash is kept.
    pub password: String,
    /// May be empty.
    pub email: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
}

/// `POST /v2/auth/login/`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Credentials {
    /// Who.
    pub username: String,
    /// The password in clear.
    pub password: String,
}

/// Answer to a login: the token for `Authorization: token <token>`, shown this one time.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Token {
    /// 40 hexadecimal digits at Deis; opaque.
    pub token: String,
}

/// `POST /v2/auth/passwd`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ChangePassword {
    /// The password from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_password: Option<String>,
    /// The password until now; administrators need none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Whose, for administrators; oneself when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// Answer to [`ChangePassword`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PasswordChanged {
    /// Always `password set`.
    pub status: String,
}

/// `POST /v2/auth/tokens/`: revokes login tokens and answers a new one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct RegenerateToken {
    /// Whose, for administrators; oneself when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Everybody's, for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

/// Answer to [`RegenerateToken`].
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Regenerated {
    /// The new one.
    Token(Token),
    /// An empty text, when everybody's were revoked.
    Nothing(String),
}

/// `DELETE /v2/auth/cancel`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct CancelAccount {
    /// Whose, for administrators; oneself when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}
