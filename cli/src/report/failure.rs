//! An error of our own making, with what to do about it.

use thiserror::Error;

/// What went wrong, and what to do next.
#[derive(Debug, Error)]
#[error("{text}")]
pub struct Failure {
    text: String,
    hint: Option<String>,
}

impl Failure {
    /// What went wrong.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hint: None }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do next, if that is known.
    pub fn next(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}
