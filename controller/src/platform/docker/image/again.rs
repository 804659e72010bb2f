//! An image of ours that the engine has lost, to `docker image prune` for instance: our registry still has it. Fetching takes
//! longer than a step may, so that it goes on beside what wanted the image, which asks again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::anyhow;
use api::names::ImageName;

use super::{Shared, built};
use crate::platform::{AppRef, Error, ImageRequest};

/// What is fetched again.
#[derive(Debug, Default)]
pub(in super::super) struct Fetches(Mutex<BTreeMap<String, Fetch>>);

/// How one is going.
#[derive(Debug)]
enum Fetch {
    UnderWay,
    /// It cannot be had: told to the next who asks.
    Refused(String),
}

/// Begins to fetch an image that was not found, and says why it is not there now.
pub(in super::super) fn fetch(shared: &Arc<Shared>, app: &AppRef, reference: &str) -> Error {
    let lost = || format!("the image {reference} is no longer on this machine; deploy it again");
    let image = ImageName::parse(reference).ok().filter(|_| built::is_built(shared, app, reference));
    let Some(image) = image else { return Error::Rejected(lost()) };
    let mut fetches = shared.fetches.lock();
    if let Some(Fetch::Refused(reason)) = fetches.get(reference) {
        let refusal = Error::Rejected(format!("{}: {reason}", lost()));
        fetches.remove(reference);
        return refusal;
    }
    if fetches.insert(reference.to_owned(), Fetch::UnderWay).is_none() {
        let request = ImageRequest { app: app.clone(), image, login: None, built: Some(reference.to_owned()) };
        tokio::spawn(run(Arc::clone(shared), request, reference.to_owned()));
    }
    Error::Unavailable(anyhow!("the engine has lost the image {reference}, which is being fetched again"))
}

async fn run(shared: Arc<Shared>, request: ImageRequest, reference: String) {
    tracing::info!(reference, "the engine has lost an image; fetching it again");
    let outcome = built::prepare(&shared, &request, &reference).await;
    let mut fetches = shared.fetches.lock();
    fetches.remove(&reference);
    match outcome {
        Ok(_) => {}
        Err(Error::Rejected(reason)) => drop(fetches.insert(reference, Fetch::Refused(reason))),
        Err(error) => tracing::warn!(error = format!("{error:#}"), reference, "an image cannot be fetched again now"),
    }
    drop(fetches);
    // Nobody listening is fine.
    let _ = shared.changes.send(request.app.uuid);
}

impl Fetches {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Fetch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
