//! The end of an installation: everything of it leaves the engine at once.

use std::{collections::BTreeSet, ops::AddAssign, path::PathBuf};

use bollard::{
    Docker as Client,
    query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder},
};
use futures_util::{TryStreamExt, stream};
use uuid::Uuid;

use super::{
    STEPS,
    connect::{Engine, call, call_raw},
    errors, image,
    labels::Labels,
};
use crate::platform::Error;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Instances and runs, killed without grace.
    pub containers: usize,
    /// Networks of apps.
    pub networks: usize,
    /// Tags of ours, and with them the images that nobody else keeps.
    pub images: usize,
}

impl AddAssign for Purged {
    fn add_assign(&mut self, other: Self) {
        self.containers += other.containers;
        self.networks += other.networks;
        self.images += other.images;
    }
}

/// How often an engine is asked that is too busy to answer in time: a large image may take it a minute to remove.
const PATIENCE: usize = 10;

/// Removes every container and network that bears the installation's label, and every image kept for one of `apps`.
pub async fn purge(socket: PathBuf, installation: Uuid, apps: &[Uuid]) -> Result<Purged, Error> {
    let (engine, labels) = (Engine::new(&socket), Labels::new(installation));
    let mut purged = Purged::default();
    for _ in 1..PATIENCE {
        match once(engine.client()?, &labels, apps, &mut purged).await {
            // What it was asked for it goes on with; whoever asks again only finds what is left.
            Err(Error::Unavailable(error)) => tracing::info!(%error, "asking the engine again"),
            result => return result.map(|()| purged),
        }
    }
    once(engine.client()?, &labels, apps, &mut purged).await.map(|()| purged)
}

async fn once(client: &Client, labels: &Labels, apps: &[Uuid], purged: &mut Purged) -> Result<(), Error> {
    purged.containers += containers(client, labels).await?;
    purged.networks += networks(client, labels).await?;
    purged.images += images(client, apps).await?;
    Ok(())
}

async fn containers(client: &Client, labels: &Labels) -> Result<usize, Error> {
    let options = ListContainersOptionsBuilder::new().all(true).filters(&labels.filter_all()).build();
    let found = call(client.list_containers(Some(options))).await?;
    let ids: Vec<_> = found.into_iter().filter_map(|container| container.id).collect();
    let remove = async |id: &String| {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        gone(call_raw(client.remove_container(id, Some(options))).await?)
    };
    stream::iter(ids.iter().map(Ok)).try_for_each_concurrent(STEPS, remove).await?;
    Ok(ids.len())
}

async fn networks(client: &Client, labels: &Labels) -> Result<usize, Error> {
    let options = ListNetworksOptionsBuilder::new().filters(&labels.filter_all()).build();
    let found = call(client.list_networks(Some(options))).await?;
    let ids: Vec<_> = found.into_iter().filter_map(|network| network.id).collect();
    let remove = async |id: &String| gone(call_raw(client.remove_network(id)).await?);
    stream::iter(ids.iter().map(Ok)).try_for_each_concurrent(STEPS, remove).await?;
    Ok(ids.len())
}

async fn images(client: &Client, apps: &[Uuid]) -> Result<usize, Error> {
    let repositories: BTreeSet<_> = apps.iter().map(image::repository).collect();
    let is_ours = |tag: &str| tag.rsplit_once(':').is_some_and(|(repository, _)| repositories.contains(repository));
    let mut tags = image::tags(client, &format!("{}*", image::PREFIX)).await?;
    tags.retain(|(tag, _)| is_ours(tag));
    for (tag, id) in &tags {
        image::release(client, tag, id).await?;
    }
    Ok(tags.len())
}

/// What was gone before is as good as removed.
fn gone(removed: Result<(), bollard::errors::Error>) -> Result<(), Error> {
    match removed {
        Err(error) if errors::is_not_found(&error) || errors::is_conflict(&error) => Ok(()),
        result => result.map_err(errors::from_engine),
    }
}
