//! What can go wrong between a client and a controller.

use std::{error::Error as _, fmt, io, time::Duration};

use reqwest::StatusCode;

use crate::error::ErrorBody;

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The controller answered, and the answer is no.
    #[error("the controller answered {0}")]
    Refused(Box<Refusal>),
    /// No connection came about; the request was not sent.
    #[error("cannot reach the controller at {origin}: {}", root(.source))]
    Unreachable {
        /// `scheme://host[:port]`.
        origin: String,
        /// What the transport said.
        source: reqwest::Error,
    },
    /// The connection broke after the request was sent; whether it was carried out is not known.
    #[error("the connection to the controller at {origin} was lost: {}", root(.source))]
    Lost {
        /// `scheme://host[:port]`.
        origin: String,
        /// What the transport said.
        source: reqwest::Error,
    },
    /// The connection ended in the middle of a stream that has a last line.
    #[error("the connection to the controller ended before the command did")]
    CutOff,
    /// The connection was ended because what it went through is being restarted.
    #[error("the platform is being restarted, and the command was ended")]
    Away,
    /// The answer is not of the expected shape; probably no controller, or one of another age.
    #[error("the controller's answer cannot be understood: {}", misfit(.0))]
    Unexpected(#[source] serde_json::Error),
    /// The request could not be written down.
    #[error("the request cannot be written as JSON: {0}")]
    Encode(#[source] serde_json::Error),
    /// A name that no path of the API can hold.
    #[error("{0:?} cannot be the name of anything")]
    Name(String),
    /// A token with characters that no header can hold.
    #[error("the token contains characters that no token has")]
    Token,
    /// The transport could not be set up.
    #[error("cannot set up HTTPS: {}", root(.0))]
    Setup(#[source] reqwest::Error),
}

/// An answer outside 2xx, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// The body, unparsed.
    pub text: String,
    /// How long to wait before trying again, when the controller said so.
    pub retry_after: Option<Duration>,
    /// Where a redirect points to.
    pub location: Option<String>,
    /// The id under which the request is found in the controller's logs.
    pub request_id: Option<String>,
}

impl Refusal {
    /// The body in one of the shapes of Deis API 2.3, if it has one.
    #[must_use]
    pub fn body(&self) -> Option<ErrorBody> {
        serde_json::from_str(&self.text).ok()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.body() {
            Some(ErrorBody::Detail { detail }) => write!(f, "{}: {detail}", self.status),
            _ => self.status.fmt(f),
        }
    }
}

impl Error {
    /// The refusal, if the controller answered at all.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// True when nothing but waiting can help: the peer is down or the network is, as opposed to a wrong name or
    /// certificate.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Lost { .. } => true,
            Self::Unreachable { source, .. } => io_kind(source).is_some_and(is_passing),
            Self::Refused(refusal) => {
                refusal.status == StatusCode::BAD_GATEWAY
                    || (refusal.status == StatusCode::SERVICE_UNAVAILABLE && refusal.retry_after.is_some())
            }
            _ => false,
        }
    }

    /// True when the controller cannot have acted on the request.
    pub(super) fn is_unsent(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(refusal) => refusal.status == StatusCode::SERVICE_UNAVAILABLE,
            _ => false,
        }
    }
}

/// What is wrong with JSON, without the value that is: it may be a secret in the wrong place.
#[must_use]
pub fn misfit(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if error.is_data() && !text.starts_with("missing field") {
        return format!("something else was expected at line {} column {}", error.line(), error.column());
    }
    text
}

/// The innermost reason: the layers above it only repeat the URL.
fn root(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        next = error.source();
    }
    error.is_timeout().then_some(io::ErrorKind::TimedOut)
}

fn is_passing(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut,
    };
    matches!(
        kind,
        ConnectionAborted | ConnectionRefused | ConnectionReset | HostUnreachable | NetworkUnreachable | TimedOut
    )
}
