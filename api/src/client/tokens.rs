//! API tokens of the caller.

use super::{Client, Result, retry::Resend};
use crate::types::{ApiToken, CreateApiToken, NewApiToken, Page};

/// The caller's tokens, by name.
pub async fn list(client: &Client, limit: Option<u32>) -> Result<Page<ApiToken>> {
    client.get(&["auth", "api-tokens"])?.query("limit", limit).json().await
}

/// Makes one. Its answer is kept nowhere, so that one that was lost cannot be had again: the request is not sent twice.
pub async fn create(client: &Client, token: &CreateApiToken) -> Result<NewApiToken> {
    client.post(&["auth", "api-tokens"])?.body(token)?.resend(Resend::Unsent).json().await
}

/// Revokes the token of that name.
pub async fn revoke(client: &Client, name: &str) -> Result<()> {
    client.delete(&["auth", "api-tokens", name])?.nothing().await
}
