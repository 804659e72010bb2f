//! Whether an app is served over https only.

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{Tls, UpdateTls},
};

/// The TLS settings of an app.
pub async fn get(client: &Client, app: &AppName) -> Result<Tls> {
    client.get(&["apps", app.as_str(), "tls"])?.json().await
}

/// Has plain requests sent on to https, or no more.
pub async fn enforce(client: &Client, app: &AppName, on: bool) -> Result<Tls> {
    let update = UpdateTls { https_enforced: Some(on) };
    client.post(&["apps", app.as_str(), "tls"])?.body(&update)?.json().await
}
