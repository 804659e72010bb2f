//! Domains.

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{CreateDomain, Domain, Page},
};

/// The domains of an app, sorted.
pub async fn list(client: &Client, app: &AppName, limit: Option<u32>) -> Result<Page<Domain>> {
    client.get(&["apps", app.as_str(), "domains"])?.query("limit", limit).json().await
}

/// Adds a domain.
pub async fn add(client: &Client, app: &AppName, domain: &str) -> Result<Domain> {
    let domain = CreateDomain { domain: domain.to_owned() };
    client.post(&["apps", app.as_str(), "domains"])?.body(&domain)?.json().await
}

/// Removes a domain.
pub async fn remove(client: &Client, app: &AppName, domain: &str) -> Result<()> {
    client.delete(&["apps", app.as_str(), "domains", domain])?.nothing().await
}
