//! The one error of everything that answers a client: what went wrong, named by outcome.
//!
//! `http` renders it into the shapes of Deis API 2.3 at one place; an operation stores it as its outcome. Internals
//! are carried for the log and never shown.

use std::collections::BTreeMap;

use api::{error::ErrorBody, names::InvalidName};
use serde::{Deserialize, Serialize};

/// Why a request was not done. The status that each case is answered with stands beside it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 401: who are you?
    #[error("{0}")]
    Unauthorized(&'static str),
    /// 403: not you.
    #[error("{0}")]
    Forbidden(String),
    /// 404 in Deis's bare form: no such `App`, `Build`, `Release` ...
    #[error("No {0} matches the given query.")]
    Missing(&'static str),
    /// 404 with a detail.
    #[error("{0}")]
    NotFound(String),
    /// 400: what is wrong with each field.
    #[error("invalid fields")]
    Fields(BTreeMap<String, Vec<String>>),
    /// 400 with a detail.
    #[error("{0}")]
    BadRequest(String),
    /// 409: it contradicts what is.
    #[error("{0}")]
    Conflict(String),
    /// 413: the body is larger than any request needs.
    #[error("{0}")]
    TooLarge(String),
    /// 422: it names what is not there.
    #[error("{0}")]
    Unprocessable(String),
    /// 429: too much at once.
    #[error("{detail}")]
    TooMany {
        /// What to do instead.
        detail: String,
        /// Seconds until it may work.
        retry_after: u32,
    },
    /// 503: nothing was changed, try again.
    #[error("{detail}")]
    Unavailable {
        /// What cannot be reached.
        detail: String,
        /// For the log.
        #[source]
        source: anyhow::Error,
    },
    /// What an operation kept as its outcome, as it is.
    #[error("the operation failed")]
    Answered(Answer),
    /// 500: ours.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

/// Seconds after which a client that got 503 may try again.
const RETRY_AFTER: u32 = 2;

/// The text for a database that does not answer; the reference's own default.
const UNAVAILABLE: &str = "Service temporarily unavailable, try again later.";

/// The text for a database that has no room to write.
const DISK_FULL: &str = "The platform's disk is full. Nothing was changed, and apps that run are not affected.";
/// PostgreSQL's code for that.
const DISK_FULL_CODE: &str = "53100";

impl Error {
    /// A 400 about one field.
    pub fn field(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Fields(BTreeMap::from([(field.into(), vec![text.into()])]))
    }

    /// A 400 about the field that `error` is the parser's verdict on.
    #[must_use]
    pub fn name(field: &str, error: InvalidName) -> Self {
        Self::field(field, error.0)
    }

    /// The HTTP status it is answered with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Unauthorized(_) => 401,
            Self::Forbidden(_) => 403,
            Self::Missing(_) | Self::NotFound(_) => 404,
            Self::Fields(_) | Self::BadRequest(_) => 400,
            Self::Conflict(_) => 409,
            Self::TooLarge(_) => 413,
            Self::Unprocessable(_) => 422,
            Self::TooMany { .. } => 429,
            Self::Unavailable { .. } => 503,
            Self::Answered(answer) => answer.status,
            Self::Internal(_) => 500,
        }
    }

    /// Seconds after which the client may try again, when trying again may help.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooMany { retry_after, .. } => Some(*retry_after),
            other => (other.status() == 503).then_some(RETRY_AFTER),
        }
    }

    /// The body it is answered with.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        match self {
            Self::Missing(model) => ErrorBody::missing(model),
            Self::Fields(fields) => ErrorBody::Fields(fields.clone()),
            Self::Internal(_) => ErrorBody::detail("Server Error"),
            Self::Answered(answer) => answer.body.clone(),
            other => ErrorBody::detail(other.to_string()),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_outage(&error) {
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            let detail = if code.is_some_and(|code| code == DISK_FULL_CODE) { DISK_FULL } else { UNAVAILABLE };
            return Self::Unavailable { detail: detail.to_owned(), source: error.into() };
        }
        Self::Internal(error.into())
    }
}

impl From<Answer> for Error {
    fn from(answer: Answer) -> Self {
        Self::Answered(answer)
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

/// True when the database could not be asked, as opposed to having said no.
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => true,
        // 53: out of connections, memory or disk; 57P: shut down; 58: system error; 08: connection broke; 25P03: we stood
        // still in a transaction.
        sqlx::Error::Database(error) => {
            let classes = ["53", "57P", "58", "08", "25P03"];
            error.code().is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}

/// An error as an operation keeps it: exactly what the client is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: ErrorBody,
}

impl From<&Error> for Answer {
    fn from(error: &Error) -> Self {
        Self { status: error.status(), body: error.body() }
    }
}
