//! Logs.

use super::{Client, Result};
use crate::names::AppName;

/// The last lines of an app, oldest first, as the controller writes them; empty when there are none.
pub async fn get(client: &Client, app: &AppName, lines: Option<u32>) -> Result<String> {
    client.get(&["apps", app.as_str(), "logs"])?.accept("text/plain").query("log_lines", lines).text().await
}
