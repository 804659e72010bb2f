//! Reads one instance from where its stored lines end, to the end.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use futures_util::StreamExt;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Error, Line, Resume, Source, Store, record};
use crate::platform::{self, InstanceId, LogLine, Platform};

/// Why reading ended when nobody wants it any more.
const CANCELLED: &str = "nobody follows this instance any more";

/// Most lines stored at once.
const BATCH: usize = 256;

/// Stores what an instance writes until it ends. An instance that is gone has nothing more to say, and one whose output the
/// platform refuses to give never will: neither is an error. Being cancelled is, but a write that began is finished first.
pub async fn read(
    store: &Arc<Store>,
    platform: &dyn Platform,
    app: Uuid,
    id: &InstanceId,
    source: &Source,
    cancelled: &CancellationToken,
) -> Result<()> {
    let name = source.instance.clone();
    let mut resume = blocking(store, move |store| store.resume(app, &name)).await?;
    let opened = cancelled.run_until_cancelled(platform.logs(id, resume.since)).await.context(CANCELLED)?;
    let stream = match opened {
        Ok(stream) => stream,
        Err(error) => return end(error, app, source),
    };
    let mut batches = stream.ready_chunks(BATCH);
    while let Some(batch) = cancelled.run_until_cancelled(batches.next()).await.context(CANCELLED)? {
        let (lines, failure) = accept(batch, source, &mut resume);
        if !lines.is_empty() {
            blocking(store, move |store| store.append(app, &lines)).await?;
        }
        if let Some(error) = failure {
            return end(error, app, source);
        }
    }
    Ok(())
}

/// The new lines of a batch, up to the first failure.
fn accept(
    batch: Vec<Result<LogLine, platform::Error>>,
    source: &Source,
    resume: &mut Resume,
) -> (Vec<Line>, Option<platform::Error>) {
    let mut lines = Vec::with_capacity(batch.len());
    for item in batch {
        let LogLine { at, text } = match item {
            Ok(line) => line,
            Err(error) => return (lines, Some(error)),
        };
        let new = record::pieces(&text).into_iter().filter(|_| resume.is_new(at));
        lines.extend(new.map(|text| Line { at, source: source.clone(), text: text.to_owned() }));
    }
    (lines, None)
}

fn end(error: platform::Error, app: Uuid, source: &Source) -> Result<()> {
    match error {
        platform::Error::Unavailable(_) => Err(error.into()),
        platform::Error::Gone => Ok(()),
        error @ (platform::Error::Rejected(_) | platform::Error::SubnetTaken(_)) => {
            tracing::warn!(%app, instance = source.instance, %error, "the platform does not give what an instance writes");
            Ok(())
        }
    }
}

/// Runs a call of the store where it may wait for the disk.
async fn blocking<T: Send + 'static>(
    store: &Arc<Store>,
    call: impl FnOnce(&Store) -> Result<T, Error> + Send + 'static,
) -> Result<T> {
    let store = Arc::clone(store);
    let outcome = spawn_blocking(move || call(&store)).await;
    outcome.map_err(|error| anyhow!(error).context("the log store panicked"))?.map_err(anyhow::Error::from)
}
