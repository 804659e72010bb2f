//! Keeps images for apps by tags of ours, `slipway/<app uuid>:<beginning of the image's id>`, and lets go of them.

use bollard::{
    models::ImageInspect,
    query_parameters::{RemoveImageOptionsBuilder, TagImageOptionsBuilder},
};
use uuid::Uuid;

use super::{Shared, errors, inspect};
use crate::platform::{
    AppRef, Error,
    docker::connect::{call, call_raw},
};

/// What every tag of ours begins with.
pub(super) const PREFIX: &str = "slipway/";

/// As many digits of an id as the engine itself shows.
const SHORT: usize = 12;

pub(super) async fn tag(shared: &Shared, app: &AppRef, id: &str) -> Result<(), Error> {
    let options = TagImageOptionsBuilder::new().repo(&repository(&app.uuid)).tag(short(id)).build();
    call(shared.engine.client()?.tag_image(id, Some(options))).await
}

/// Lets go of an image for `app`. It leaves the engine with the last that needs it; the engine itself keeps what a
/// container uses.
pub(in super::super) async fn forget(shared: &Shared, app: &AppRef, reference: &str) -> Result<(), Error> {
    let Some(image) = inspect(shared, reference).await? else { return Ok(()) };
    let Some(id) = image.id.as_deref() else { return Ok(()) };
    remove(shared, &format!("{}:{}", repository(&app.uuid), short(id))).await?;
    match inspect(shared, id).await? {
        // What is left are digests, by which nobody but us has pulled it.
        Some(image) if is_untagged(&image) => remove(shared, id).await,
        _ => Ok(()),
    }
}

/// Removes a tag, or an image that nothing uses; what is gone or in use stays as it is.
async fn remove(shared: &Shared, name: &str) -> Result<(), Error> {
    let options = RemoveImageOptionsBuilder::new().force(false).build();
    match call_raw(shared.engine.client()?.remove_image(name, Some(options), None)).await? {
        Ok(_) => Ok(()),
        Err(error) if errors::is_not_found(&error) || errors::is_conflict(&error) => Ok(()),
        Err(error) => Err(errors::from_engine(error)),
    }
}

fn is_untagged(image: &ImageInspect) -> bool {
    image.repo_tags.as_ref().is_none_or(Vec::is_empty)
}

/// Where the tags of an app are.
pub(in super::super) fn repository(app: &Uuid) -> String {
    format!("{PREFIX}{}", app.simple())
}

fn short(id: &str) -> &str {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    digits.get(..SHORT).unwrap_or(digits)
}
