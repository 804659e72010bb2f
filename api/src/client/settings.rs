//! Settings that make no release.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Client, Result};
use crate::{names::AppName, types::Settings};

#[derive(Serialize)]
struct Labels<'a> {
    label: &'a BTreeMap<String, Option<Value>>,
}

/// The settings of an app.
pub async fn get(client: &Client, app: &AppName) -> Result<Settings> {
    client.get(&["apps", app.as_str(), "settings"])?.json().await
}

/// Changes labels: a value sets its key, none removes it.
pub async fn patch_labels(client: &Client, app: &AppName, label: &BTreeMap<String, Option<Value>>) -> Result<Settings> {
    client.post(&["apps", app.as_str(), "settings"])?.body(&Labels { label })?.json().await
}
