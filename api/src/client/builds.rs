//! Builds.

use reqwest::Response;
use uuid::Uuid;

use super::{Client, Error, Result};
use crate::{
    names::AppName,
    types::{Build, CreateBuild, Page},
};

/// The builds of an app, newest first.
pub async fn list(client: &Client, app: &AppName, limit: Option<u32>) -> Result<Page<Build>> {
    client.get(&["apps", app.as_str(), "builds"])?.query("limit", limit).json().await
}

/// Builds that were deployed and pushes that were not (yet), newest first. Original controllers know only of the first.
pub async fn list_all(client: &Client, app: &AppName, limit: Option<u32>) -> Result<Page<Build>> {
    client.get(&["apps", app.as_str(), "builds"])?.flag("all").query("limit", limit).json().await
}

/// One build.
pub async fn get(client: &Client, app: &AppName, build: Uuid) -> Result<Build> {
    client.get(&["apps", app.as_str(), "builds", &build.to_string()])?.json().await
}

/// What a build wrote, as far as it has come.
pub async fn log(client: &Client, app: &AppName, build: Uuid) -> Result<String> {
    client.get(&["apps", app.as_str(), "builds", &build.to_string(), "logs"])?.accept("text/plain").text().await
}

/// What a build wrote, and on as it writes.
pub struct Log {
    response: Response,
    origin: String,
}

impl Log {
    /// The next part; none when the build has ended.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|source| Error::Lost { origin: self.origin.clone(), source })?;
        Ok(chunk.map(Into::into))
    }
}

/// Follows what a build writes, from its beginning to its end.
pub async fn follow(client: &Client, app: &AppName, build: Uuid) -> Result<Log> {
    let path = ["apps", app.as_str(), "builds", &build.to_string(), "logs"];
    let response = client.get(&path)?.accept("text/plain").flag("follow").open().await?;
    Ok(Log { response, origin: client.origin() })
}

/// Ends a build before it is deployed.
pub async fn cancel(client: &Client, app: &AppName, build: Uuid) -> Result<()> {
    client.post(&["apps", app.as_str(), "builds", &build.to_string(), "cancel"])?.nothing().await
}

/// Deploys an image; answers when it serves or the deploy has failed.
pub async fn create(client: &Client, app: &AppName, build: &CreateBuild) -> Result<Build> {
    client.post(&["apps", app.as_str(), "builds"])?.body(build)?.json().await
}
