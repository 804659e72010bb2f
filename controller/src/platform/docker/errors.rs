//! From the engine's errors to the three that a caller can act upon.

use bollard::errors::Error as EngineError;

use crate::platform::Error;

const NOT_FOUND: u16 = 404;
const CONFLICT: u16 = 409;
const TOO_MANY_REQUESTS: u16 = 429;
const SERVER_ERROR: u16 = 500;

/// What an error of the engine means when nothing more is known of the call.
pub(super) fn from_engine(error: EngineError) -> Error {
    match &error {
        EngineError::DockerResponseServerError { status_code: NOT_FOUND, .. } => Error::Gone,
        EngineError::DockerResponseServerError { status_code, message }
            if is_oci(message) || (*status_code < SERVER_ERROR && !is_passing(*status_code, message)) =>
        {
            Error::Rejected(readable(message))
        }
        _ => Error::Unavailable(error.into()),
    }
}

pub(super) fn is_not_found(error: &EngineError) -> bool {
    matches!(error, EngineError::DockerResponseServerError { status_code: NOT_FOUND, .. })
}

/// One of the images asked for is not there. Where several are asked for, the engine calls that its own failure.
pub(super) fn is_gone(error: &EngineError) -> bool {
    is_not_found(error) || message(error).is_some_and(|message| message.contains("No such image"))
}

pub(super) fn is_conflict(error: &EngineError) -> bool {
    matches!(error, EngineError::DockerResponseServerError { status_code: CONFLICT, .. })
}

/// The engine's message, for errors that it answered itself.
pub(super) fn message(error: &EngineError) -> Option<&str> {
    match error {
        EngineError::DockerResponseServerError { message, .. } => Some(message),
        EngineError::DockerStreamError { error } => Some(error),
        _ => None,
    }
}

/// The container runtime refused to start the process; the engine reports some of these as its own failure.
fn is_oci(message: &str) -> bool {
    message.contains("OCI runtime")
}

/// Refused now, for a reason that goes away: somebody asks too much of the engine or of a registry, or the address is still held
/// by an instance that is about to go.
fn is_passing(status_code: u16, message: &str) -> bool {
    status_code == TOO_MANY_REQUESTS || message.contains("Address already in use")
}

/// The part of a message that says what is wrong, without the chain of programs that passed it on.
fn readable(message: &str) -> String {
    const WRAPPERS: [&str; 4] = [
        "unable to start container process: ",
        "container_linux.go:",
        "OCI runtime create failed: ",
        "Error response from daemon: ",
    ];
    let text = WRAPPERS.iter().find_map(|wrapper| Some(message.rsplit_once(wrapper)?.1)).unwrap_or(message);
    let text = text.trim().trim_end_matches(": unknown");
    text.strip_prefix("starting container process caused: ").unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use bollard::errors::Error as EngineError;

    use super::{from_engine, readable};
    use crate::platform::Error;

    fn answered(status_code: u16, message: &str) -> Error {
        from_engine(EngineError::DockerResponseServerError { status_code, message: message.to_owned() })
    }

    #[test]
    fn start_errors_are_readable() {
        insta::assert_snapshot!(readable(
            "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container \
             process: exec: \"nosuch\": executable file not found in $PATH: unknown"
        ), @r#"exec: "nosuch": executable file not found in $PATH"#);
        insta::assert_snapshot!(readable("Minimum memory limit allowed is 6MB"), @"Minimum memory limit allowed is 6MB");
    }

    #[test]
    fn callers_learn_what_to_do() {
        assert!(matches!(answered(404, "No such container: x"), Error::Gone));
        assert!(matches!(answered(400, "Minimum memory limit allowed is 6MB"), Error::Rejected(_)));
        assert!(matches!(answered(500, "OCI runtime create failed: no space"), Error::Rejected(_)));
        assert!(matches!(answered(500, "write: no space left on device"), Error::Unavailable(_)));
        assert!(matches!(answered(403, "Address already in use"), Error::Unavailable(_)));
        assert!(matches!(answered(429, "slow down"), Error::Unavailable(_)));
        assert!(matches!(from_engine(EngineError::RequestTimeoutError), Error::Unavailable(_)));
    }
}
