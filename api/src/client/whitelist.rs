//! Whose requests an app takes.

use super::{Client, Result};
use crate::{
    names::{AppName, ClientNetwork},
    types::{ChangeWhitelist, Whitelist},
};

/// The whitelist of an app.
pub async fn get(client: &Client, app: &AppName) -> Result<Whitelist> {
    client.get(&["apps", app.as_str(), "whitelist"])?.json().await
}

/// Adds to it.
pub async fn add(client: &Client, app: &AppName, addresses: &[ClientNetwork]) -> Result<Whitelist> {
    let change = ChangeWhitelist { addresses: addresses.to_vec() };
    client.post(&["apps", app.as_str(), "whitelist"])?.body(&change)?.json().await
}

/// Removes from it.
pub async fn remove(client: &Client, app: &AppName, addresses: &[ClientNetwork]) -> Result<()> {
    let change = ChangeWhitelist { addresses: addresses.to_vec() };
    client.delete(&["apps", app.as_str(), "whitelist"])?.body(&change)?.nothing().await
}
