//! Who may use an app, and who administers the platform.

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{AdminUser, AppPerms, Grant, Page},
};

/// The collaborators of an app.
pub async fn list(client: &Client, app: &AppName) -> Result<AppPerms> {
    client.get(&["apps", app.as_str(), "perms"])?.json().await
}

/// Makes a user a collaborator.
pub async fn grant(client: &Client, app: &AppName, username: &str) -> Result<()> {
    let grant = Grant { username: username.to_owned() };
    client.post(&["apps", app.as_str(), "perms"])?.body(&grant)?.nothing().await
}

/// Ends a collaboration.
pub async fn revoke(client: &Client, app: &AppName, username: &str) -> Result<()> {
    client.delete(&["apps", app.as_str(), "perms", username])?.nothing().await
}

/// The administrators.
pub async fn list_admins(client: &Client, limit: Option<u32>) -> Result<Page<AdminUser>> {
    client.get(&["admin", "perms"])?.query("limit", limit).json().await
}

/// Makes a user an administrator.
pub async fn grant_admin(client: &Client, username: &str) -> Result<()> {
    client.post(&["admin", "perms"])?.body(&Grant { username: username.to_owned() })?.nothing().await
}

/// Makes an administrator a user again.
pub async fn revoke_admin(client: &Client, username: &str) -> Result<()> {
    client.delete(&["admin", "perms", username])?.nothing().await
}
