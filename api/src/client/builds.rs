//! Builds.

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{Build, CreateBuild, Page},
};

/// The builds of an app, newest first.
pub async fn list(client: &Client, app: &AppName, limit: Option<u32>) -> Result<Page<Build>> {
    client.get(&["apps", app.as_str(), "builds"])?.query("limit", limit).json().await
}

/// Deploys an image; answers when it serves or the deploy has failed.
pub async fn create(client: &Client, app: &AppName, build: &CreateBuild) -> Result<Build> {
    client.post(&["apps", app.as_str(), "builds"])?.body(build)?.json().await
}
