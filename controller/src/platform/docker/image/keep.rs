//! Keeps images for apps by tags of ours, `slipway/<app uuid>:<beginning of the image's id>`, and lets go of them.

use std::collections::HashMap;

use bollard::{
    Docker as Client,
    models::{ImageInspect, ImageSummary},
    query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder},
};
use uuid::Uuid;

use super::{Shared, errors, inspect};
use crate::platform::{
    AppRef, Error,
    docker::connect::{call, call_raw},
};

/// What every tag of ours begins with.
pub(in super::super) const PREFIX: &str = "slipway/";

/// As many digits of an id as the engine itself shows.
const SHORT: usize = 12;

/// Keeps an image for an app.
pub(in super::super) async fn keep(client: &Client, app: &Uuid, id: &str) -> Result<(), Error> {
    let options = TagImageOptionsBuilder::new().repo(&repository(app)).tag(short(id)).build();
    call(client.tag_image(id, Some(options))).await
}

/// The tags in the repositories that the engine finds `pattern` to fit, each with the id of its image.
pub(in super::super) async fn tags(client: &Client, pattern: &str) -> Result<Vec<(String, String)>, Error> {
    let filters = HashMap::from([("reference", vec![pattern])]);
    let found = call(client.list_images(Some(ListImagesOptionsBuilder::new().filters(&filters).build()))).await?;
    let tags = |image: ImageSummary| image.repo_tags.into_iter().map(move |tag| (tag, image.id.clone()));
    Ok(found.into_iter().flat_map(tags).collect())
}

/// Lets go of an image for `app`.
pub(in super::super) async fn forget(shared: &Shared, app: &AppRef, reference: &str) -> Result<(), Error> {
    let client = shared.engine.client()?;
    let image = inspect(client, reference).await?;
    let Some(id) = image.and_then(|image| image.id) else { return Ok(()) };
    release(client, &tag(&app.uuid, &id), &id).await
}

/// Removes a tag of ours from the image `id`. That leaves the engine with the last that needs it; the engine itself
/// keeps what a container uses.
pub(in super::super) async fn release(client: &Client, tag: &str, id: &str) -> Result<(), Error> {
    remove(client, tag).await?;
    match inspect(client, id).await? {
        // What is left are digests, by which nobody but us has pulled it.
        Some(image) if is_untagged(&image) => remove(client, id).await,
        _ => Ok(()),
    }
}

/// Removes a tag, or an image that nothing uses; what is gone or in use stays as it is.
async fn remove(client: &Client, name: &str) -> Result<(), Error> {
    let options = RemoveImageOptionsBuilder::new().force(false).build();
    match call_raw(client.remove_image(name, Some(options), None)).await? {
        Ok(_) => Ok(()),
        Err(error) if errors::is_not_found(&error) || errors::is_conflict(&error) => Ok(()),
        Err(error) => Err(errors::from_engine(error)),
    }
}

fn is_untagged(image: &ImageInspect) -> bool {
    image.repo_tags.as_ref().is_none_or(Vec::is_empty)
}

/// The tag that keeps an image for an app.
pub(in super::super) fn tag(app: &Uuid, id: &str) -> String {
    format!("{}:{}", repository(app), short(id))
}

/// Where the tags of an app are.
pub(in super::super) fn repository(app: &Uuid) -> String {
    format!("{PREFIX}{}", app.simple())
}

fn short(id: &str) -> &str {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    digits.get(..SHORT).unwrap_or(digits)
}
