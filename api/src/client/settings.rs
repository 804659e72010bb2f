//! Settings that make no release.

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{Settings, UpdateSettings},
};

/// The settings of an app.
pub async fn get(client: &Client, app: &AppName) -> Result<Settings> {
    client.get(&["apps", app.as_str(), "settings"])?.json().await
}

/// Changes what `update` names.
pub async fn update(client: &Client, app: &AppName, update: &UpdateSettings) -> Result<Settings> {
    client.post(&["apps", app.as_str(), "settings"])?.body(update)?.json().await
}
