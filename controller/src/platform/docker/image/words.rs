//! What a user reads when an image cannot be had, in Deis's words where it had some.

use std::time::Duration;

use bollard::errors::Error as EngineError;

use super::errors;
use crate::platform::{Error, ImageRequest};

/// Longest pull.
pub(super) const PULL: Duration = Duration::from_mins(15);

/// Longest question to a registry.
pub(super) const ASK: Duration = Duration::from_secs(30);

/// What was asked for, as far as answers mention it.
pub(super) struct Asked {
    name: String,
    repository: String,
    username: Option<String>,
}

impl Asked {
    pub(super) fn new(request: &ImageRequest) -> Self {
        Self {
            name: request.image.with_tag(),
            repository: request.image.repository().to_owned(),
            username: request.login.as_ref().map(|login| login.username.clone()),
        }
    }

    pub(super) fn timed_out(&self) -> Error {
        Error::Rejected(format!("Operation pull timed out for image {}", self.name))
    }

    pub(super) fn not_found(&self) -> Error {
        Error::Rejected(format!("image {} not found", self.name))
    }

    /// The engine said no, or passed on a registry's no; or it could not be asked.
    pub(super) fn refused(&self, error: EngineError) -> Error {
        let Some(message) = errors::message(&error) else { return errors::from_engine(error) };
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if says(&["no space left on device"]) {
            return Error::Unavailable(error.into());
        }
        match &self.username {
            Some(username) if says(&["unauthorized", "authentication required"]) => {
                Error::Rejected(format!("Could not log into {} with username {username}", self.repository))
            }
            _ if says(&["unauthorized", "denied", "authentication required", "no basic auth"]) => {
                Error::Rejected(format!("Permission Denied attempting to pull image {}", self.name))
            }
            _ if says(&["not found", "manifest unknown", "name unknown", "No such image"]) => self.not_found(),
            _ if says(&["dial tcp", "no such host", "i/o timeout", "Client.Timeout", "deadline exceeded"]) => {
                Error::Rejected(format!(
                    "image {} is not on this machine, and its registry cannot be reached: {message}",
                    self.name
                ))
            }
            _ => Error::Rejected(format!("image {} cannot be pulled: {message}", self.name)),
        }
    }
}
