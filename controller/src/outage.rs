//! A platform that does not answer: what clients are told, and the rule that nothing is begun without it.

use anyhow::anyhow;

use crate::{error::Error, platform, state::State};

/// Refuses a change of what runs while the platform does not answer: before anything is written, so that no release
/// number is consumed and nothing is left half done.
pub async fn require_platform(state: &State) -> Result<(), Error> {
    state.platform.ping().await.map_err(unchanged)
}

/// Refuses a push while nothing could build it: before anything is written.
pub async fn require_builds(state: &State) -> Result<(), Error> {
    state.platform.ping_builds().await.map_err(builds_unavailable)
}

/// What builds does not answer, as the client is told.
pub fn builds_unavailable(error: platform::Error) -> Error {
    match error {
        platform::Error::Rejected(text) => Error::BadRequest(text),
        error => Error::Unavailable {
            detail: "The part of the platform that builds does not answer. Nothing was changed, and apps that run are \
                     not affected. Try again later."
                .to_owned(),
            source: error.into(),
        },
    }
}

/// The answer to a push where nothing is built.
pub fn builds_nothing() -> Error {
    Error::BadRequest(
        "This installation builds nothing. Build the image elsewhere, and deploy it: mycli pull <image>".to_owned(),
    )
}

/// A platform that did not do what a change begins with, as the client is told: nothing was changed.
pub fn unchanged(error: platform::Error) -> Error {
    match error {
        platform::Error::Rejected(text) => Error::BadRequest(text),
        platform::Error::Gone => Error::BadRequest("the image is gone".to_owned()),
        platform::Error::SubnetTaken(subnet) => anyhow!("{subnet} is taken, said of an image").into(),
        platform::Error::Unavailable(source) => Error::Unavailable {
            detail: "The container engine cannot be reached. Nothing was changed, and apps that run are not affected."
                .to_owned(),
            source,
        },
    }
}

/// A platform that did not answer a question, as the client is told.
pub fn unavailable(error: platform::Error) -> Error {
    match error {
        platform::Error::Rejected(text) => Error::BadRequest(text),
        error => Error::Unavailable {
            detail: "The container engine cannot be reached. Apps that run are not affected.".to_owned(),
            source: error.into(),
        },
    }
}
