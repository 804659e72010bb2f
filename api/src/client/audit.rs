//! The audit log.

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{AuditEntry, Page},
};

/// Of the whole platform, newest first; for administrators.
pub async fn list(client: &Client, limit: Option<u32>) -> Result<Page<AuditEntry>> {
    client.get(&["audit"])?.query("limit", limit).json().await
}

/// Of an app, newest first; for its owner and administrators.
pub async fn list_app(client: &Client, app: &AppName, limit: Option<u32>) -> Result<Page<AuditEntry>> {
    client.get(&["apps", app.as_str(), "audit"])?.query("limit", limit).json().await
}
