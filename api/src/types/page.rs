//! The envelope of lists.

use serde::{Deserialize, Serialize};

/// One page of a list (`?limit=&offset=`, 100 when not given).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// How many there are in all.
    pub count: u64,
    /// URL of the next page.
    pub next: Option<String>,
    /// URL of the previous page.
    pub previous: Option<String>,
    /// This page.
    pub results: Vec<T>,
}
