//! What the session tells its hook, through the environment of the git between them. No secret is in it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The variable that carries an [`Order`].
pub(crate) const ORDER: &str = "SLIPWAY_PUSH";

/// For whom the hook works.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The app.
    pub app: Uuid,
    /// Holder of its push lock.
    pub holder: Uuid,
    /// The key that signed.
    pub public: String,
    /// The controller's internal socket.
    pub socket: PathBuf,
    /// File with the builder's credential there.
    pub credential_file: PathBuf,
    /// See [`super::Mark`].
    pub mark: PathBuf,
}

impl Order {
    pub(super) fn from_env() -> Result<Self> {
        let text = std::env::var(ORDER).context("this program was not started by a push")?;
        serde_json::from_str(&text).context("this push was begun by another version of the builder")
    }
}
