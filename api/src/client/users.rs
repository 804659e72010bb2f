//! Users.

use super::{Client, Result};
use crate::types::{Page, User};

/// All users, for administrators.
pub async fn list(client: &Client, limit: Option<u32>) -> Result<Page<User>> {
    client.get(&["users"])?.query("limit", limit).json().await
}
