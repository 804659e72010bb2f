//! What the platform tells of itself.

use super::{Client, Error, Result};
use crate::types::Info;

/// What there is to know; none from an original controller, which has no such route.
pub async fn get(client: &Client) -> Result<Option<Info>> {
    match client.get(&["info"])?.json().await {
        Ok(info) => Ok(Some(info)),
        Err(Error::Refused(refusal)) if refusal.status == reqwest::StatusCode::NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}
