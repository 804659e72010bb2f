//! Which image it is exactly, whether this app may use it, and what keeps it in the engine.
//!
//! An image that came from a registry is used only after that registry has said yes to the app's own login, although
//! the engine may have it already for somebody else. An image that was built on this machine is the operator's, who
//! may run it as it is. Either way a tag of ours keeps it as long as the app needs it.

mod again;
mod ask;
mod built;
mod keep;
mod refuse;
mod words;

use std::collections::BTreeSet;

use bollard::{Docker as Client, models::ImageInspect, query_parameters::CreateImageOptionsBuilder};
use futures_util::TryStreamExt;

use self::words::Asked;
use super::{Shared, connect::call, errors};
use crate::platform::{Error, ImageRequest, ResolvedImage};
pub(super) use again::{Fetches, fetch};
pub(super) use built::is_built;
pub(super) use keep::{PREFIX, forget, keep, release, repository, tag, tags};

pub(super) async fn prepare(shared: &Shared, request: &ImageRequest) -> Result<ResolvedImage, Error> {
    if let Some(reference) = &request.built {
        return built::prepare(shared, request, reference).await;
    }
    refuse::ours(shared, &request.image).await?;
    let name = request.image.with_tag();
    let local = inspect(shared.engine.client()?, &name).await?;
    let (reference, image) = match local.as_ref().map(digests) {
        Some(digests) if digests.is_empty() => (None, local),
        digests => {
            let exact = ask::registries(shared, request, &digests.unwrap_or_default()).await?;
            let image = obtain(shared, request, &exact).await?;
            (Some(exact), Some(image))
        }
    };
    let image = image.ok_or(Error::Gone)?;
    let id = image.id.clone().ok_or(Error::Gone)?;
    keep(shared.engine.client()?, &request.app.uuid, &id).await?;
    Ok(ResolvedImage { reference: reference.unwrap_or(id), ports: ports(&image) })
}

/// The image in the engine; nothing when it is not there.
pub(super) async fn inspect(client: &Client, name: &str) -> Result<Option<ImageInspect>, Error> {
    match call(client.inspect_image(name)).await {
        Ok(image) => Ok(Some(image)),
        Err(Error::Gone) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The image `exact`, from the engine if it is there.
async fn obtain(shared: &Shared, request: &ImageRequest, exact: &str) -> Result<ImageInspect, Error> {
    let client = shared.engine.client()?;
    if let Some(image) = inspect(client, exact).await? {
        return Ok(image);
    }
    let asked = Asked::new(request);
    let options = CreateImageOptionsBuilder::new().from_image(exact).build();
    let pull = client.create_image(Some(options), None, ask::login(request));
    let progress = pull.try_for_each(|_| async { Ok(()) });
    match tokio::time::timeout(words::PULL, progress).await {
        Err(_) => return Err(asked.timed_out()),
        Ok(Err(error)) => return Err(asked.refused(error)),
        Ok(Ok(())) => {}
    }
    inspect(client, exact).await?.ok_or_else(|| asked.not_found())
}

fn digests(image: &ImageInspect) -> Vec<String> {
    image.repo_digests.clone().unwrap_or_default()
}

/// `8080/tcp` and the like, TCP only.
fn ports(image: &ImageInspect) -> Vec<u16> {
    let exposed = image.config.as_ref().and_then(|config| config.exposed_ports.as_deref()).unwrap_or_default();
    let tcp = |text: &String| text.strip_suffix("/tcp").unwrap_or(text).parse().ok();
    exposed.iter().filter_map(tcp).collect::<BTreeSet<_>>().into_iter().collect()
}
