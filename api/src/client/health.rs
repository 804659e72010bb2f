//! What a controller tells about itself without a token.

use super::{Client, Result, answer};
use crate::headers::API_VERSION_HEADER;

/// The API version of the controller, as its header says; none when it sends none.
pub async fn api_version(client: &Client) -> Result<Option<String>> {
    let response = client.get(&[])?.at_root("/healthz").anonymous().open().await?;
    Ok(answer::text(&response, API_VERSION_HEADER))
}
