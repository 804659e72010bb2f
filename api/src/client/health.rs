//! What a controller tells about itself without a token.

use chrono::{DateTime, Utc};

use super::{Client, Result, answer, retry::Resend};
use crate::headers::API_VERSION_HEADER;

/// What the headers of any answer tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The API version; none when it sends none.
    pub api_version: Option<String>,
    /// What time it is there, to the second; none when it does not say.
    pub now: Option<DateTime<Utc>>,
}

/// The API version of the controller, as its header says; none when it sends none.
pub async fn api_version(client: &Client) -> Result<Option<String>> {
    let response = client.get(&[])?.at_root("/healthz").anonymous().open().await?;
    Ok(answer::text(&response, API_VERSION_HEADER))
}

/// The headers of one answer. Tried once: whoever looks for a fault wants to see it.
pub async fn look(client: &Client) -> Result<Health> {
    let response = client.get(&[])?.at_root("/healthz").anonymous().resend(Resend::Never).open().await?;
    let date = answer::text(&response, "date").and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
    Ok(Health { api_version: answer::text(&response, API_VERSION_HEADER), now: date.map(Into::into) })
}
