//! Config.

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{Config, ConfigPatch},
};

/// The config of the latest good release.
pub async fn get(client: &Client, app: &AppName) -> Result<Config> {
    client.get(&["apps", app.as_str(), "config"])?.json().await
}

/// Changes the config and deploys the change; answers the whole config that came of it.
pub async fn patch(client: &Client, app: &AppName, patch: &ConfigPatch) -> Result<Config> {
    client.post(&["apps", app.as_str(), "config"])?.body(patch)?.json().await
}
