//! Where lines of an app are sent on to.

use uuid::Uuid;

use super::{Client, Result};
use crate::{
    names::{AppName, DrainUrl},
    types::{CreateDrain, Drain, Page},
};

/// The drains of an app, the oldest first.
pub async fn list(client: &Client, app: &AppName) -> Result<Vec<Drain>> {
    let page: Page<Drain> = client.get(&["apps", app.as_str(), "drains"])?.json().await?;
    Ok(page.results)
}

/// The drains of all apps, which the operator has given.
pub async fn list_platform(client: &Client) -> Result<Vec<Drain>> {
    let page: Page<Drain> = client.get(&["drains"])?.json().await?;
    Ok(page.results)
}

/// Adds a drain.
pub async fn add(client: &Client, app: &AppName, url: DrainUrl) -> Result<Drain> {
    client.post(&["apps", app.as_str(), "drains"])?.body(&CreateDrain { url })?.json().await
}

/// Removes a drain.
pub async fn remove(client: &Client, app: &AppName, drain: Uuid) -> Result<()> {
    client.delete(&["apps", app.as_str(), "drains", &drain.to_string()])?.nothing().await
}
