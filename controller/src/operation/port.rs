//! Which port the routed type of a release listens on (reference 3.4). Pure.

use crate::{
    db::{
        build::{Build, Kind},
        config::Document,
    },
    error::Error,
};

/// The port that buildpack apps are given.
const BUILDPACK_PORT: u16 = 5000;

/// The port of a release; none when `serves` is false and the image names none.
pub fn resolve(build: &Build, document: &Document, serves: bool) -> Result<Option<u16>, Error> {
    let configured = document.value("PORT").and_then(|text| text.parse().ok());
    if build.kind() == Kind::Buildpack {
        return Ok(Some(configured.unwrap_or(BUILDPACK_PORT)));
    }
    match configured.or(build.image_port) {
        Some(port) => Ok(Some(port)),
        None if serves => {
            Err(Error::BadRequest("Expose a port or make the app non routable by changing the process type".to_owned()))
        }
        None => Ok(None),
    }
}
