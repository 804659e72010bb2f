//! The controller, seen from the builder: what of `api::push` is asked over its internal socket.

mod ask;
mod build;
mod connection;
mod events;
mod lock;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use http::StatusCode;

pub(crate) use self::build::Source;

/// The controller behind its internal socket.
#[derive(Clone)]
pub(crate) struct Controller {
    socket: PathBuf,
    credential: String,
}

impl fmt::Debug for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controller").field("socket", &self.socket).finish_non_exhaustive()
    }
}

/// Why there is no answer that says yes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The controller said no; its words are for the pusher.
    #[error("{words}")]
    Refused { status: StatusCode, words: String },
    /// It did not answer, or nothing that makes sense.
    #[error("the controller did not answer")]
    Unanswered(#[source] anyhow::Error),
}

impl Error {
    fn unanswered(error: impl Into<anyhow::Error>) -> Self {
        Self::Unanswered(error.into())
    }

    /// Is this a no, rather than a failure that may pass?
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if status.is_client_error())
    }

    /// What the pusher is told.
    pub fn words(&self) -> String {
        match self {
            Self::Refused { status, words } if status.is_client_error() => words.clone(),
            Self::Refused { .. } | Self::Unanswered(_) => {
                tracing::warn!(error = ?self, "the controller failed a request");
                "The controller does not answer at the moment. Nothing has changed; try again in a minute.".to_owned()
            }
        }
    }
}

impl Controller {
    /// The controller at `socket`, to which the content of `credential_file` proves who asks.
    pub fn new(socket: &Path, credential_file: &Path) -> Result<Self> {
        let credential = std::fs::read_to_string(credential_file)
            .with_context(|| format!("cannot read {}", credential_file.display()))?;
        Ok(Self { socket: socket.to_owned(), credential: credential.trim().to_owned() })
    }
}
