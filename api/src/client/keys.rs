//! SSH keys of the caller.

use super::{Client, Result};
use crate::{
    names::PublicKey,
    types::{CreateKey, Key, Page},
};

/// The caller's keys, sorted by their text.
pub async fn list(client: &Client, limit: Option<u32>) -> Result<Page<Key>> {
    client.get(&["keys"])?.query("limit", limit).json().await
}

/// Adds a key under a name of the caller's choice.
pub async fn add(client: &Client, id: &str, public: &PublicKey) -> Result<Key> {
    let key = CreateKey { id: id.to_owned(), public: public.to_string() };
    client.post(&["keys"])?.body(&key)?.json().await
}

/// Removes the key of that name.
pub async fn remove(client: &Client, id: &str) -> Result<()> {
    client.delete(&["keys", id])?.nothing().await
}
