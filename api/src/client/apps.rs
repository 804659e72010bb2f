//! Apps.

use std::collections::BTreeMap;

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{App, CreateApp, Page, UpdateApp},
};

/// The caller's apps and those shared with them, sorted by name; administrators see all.
pub async fn list(client: &Client, limit: Option<u32>) -> Result<Page<App>> {
    client.get(&["apps"])?.query("limit", limit).json().await
}

/// Creates an app.
pub async fn create(client: &Client, app: &CreateApp) -> Result<App> {
    client.post(&["apps"])?.body(app)?.json().await
}

/// One app.
pub async fn get(client: &Client, app: &AppName) -> Result<App> {
    client.get(&["apps", app.as_str()])?.json().await
}

/// Hands an app to somebody else.
pub async fn transfer(client: &Client, app: &AppName, owner: &str) -> Result<()> {
    let update = UpdateApp { owner: Some(owner.to_owned()), id: None };
    client.post(&["apps", app.as_str()])?.body(&update)?.nothing().await
}

/// Gives an app another name.
pub async fn rename(client: &Client, app: &AppName, name: &AppName) -> Result<()> {
    let update = UpdateApp { owner: None, id: Some(name.to_string()) };
    client.post(&["apps", app.as_str()])?.body(&update)?.nothing().await
}

/// Destroys an app and everything that belongs to it.
pub async fn destroy(client: &Client, app: &AppName) -> Result<()> {
    client.delete(&["apps", app.as_str()])?.nothing().await
}

/// Sets the wanted number of instances of some process types; answers when they run.
pub async fn scale(client: &Client, app: &AppName, counts: &BTreeMap<String, u32>) -> Result<()> {
    client.post(&["apps", app.as_str(), "scale"])?.body(counts)?.nothing().await
}
