//! Releases.

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{Page, Release, Rollback, RolledBack},
};

/// The releases of an app, newest first, failed ones included.
pub async fn list(client: &Client, app: &AppName, limit: Option<u32>) -> Result<Page<Release>> {
    client.get(&["apps", app.as_str(), "releases"])?.query("limit", limit).json().await
}

/// One release.
pub async fn get(client: &Client, app: &AppName, version: u32) -> Result<Release> {
    client.get(&["apps", app.as_str(), "releases", &format!("v{version}")])?.json().await
}

/// Makes and deploys a release from the build and config of an earlier one: the one before the latest good one
/// without a `version`.
pub async fn rollback(client: &Client, app: &AppName, version: Option<u32>) -> Result<RolledBack> {
    let request = Rollback { version: version.map(i64::from) };
    client.post(&["apps", app.as_str(), "releases", "rollback"])?.body(&request)?.json().await
}
