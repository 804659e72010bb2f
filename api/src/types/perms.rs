//! Who may use an app beside its owner.

use serde::{Deserialize, Serialize};

/// `GET /v2/apps/{id}/perms`: the collaborators, without the owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AppPerms {
    /// Usernames, sorted.
    pub users: Vec<String>,
}

/// `POST /v2/apps/{id}/perms` and `POST /v2/admin/perms`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Grant {
    /// Who is to have the right.
    pub username: String,
}
