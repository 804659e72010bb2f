//! What containers wrote, read while they go on writing.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::watch;

use super::{
    container::{Container, Output},
    world::World,
};
use crate::platform::{Error, InstanceId, InstanceState, LogStream, RunOutput, RunStream};

pub(super) fn follow(world: &Arc<World>, id: &InstanceId, since: Option<DateTime<Utc>>) -> Result<LogStream, Error> {
    world.look(id, |_| ()).ok_or(Error::Gone)?;
    let lines = read(world.clone(), id.clone()).map_ok(|output| output.line);
    let new = move |at: DateTime<Utc>| since.is_none_or(|since| at >= since);
    Ok(lines.try_filter(move |line| std::future::ready(new(line.at))).boxed())
}

pub(super) fn tail(world: &World, id: &InstanceId, lines: usize) -> Result<Vec<String>, Error> {
    let last = |container: &Container| {
        let from = container.output.len().saturating_sub(lines);
        container.output[from..].iter().map(|output| output.line.text.clone()).collect()
    };
    world.look(id, last).ok_or(Error::Gone)
}

/// The output of a run and then its exit code.
pub(super) fn output(world: &Arc<World>, id: InstanceId) -> RunStream {
    let exit = {
        let (world, id) = (world.clone(), id.clone());
        async move {
            let exit = world.look(&id, |run| run.last_exit.clone()).flatten().ok_or(Error::Gone)?;
            Ok(RunOutput::Exited(exit.code))
        }
    };
    read(world.clone(), id).map_ok(|output| step(&output)).chain(stream::once(exit)).boxed()
}

fn step(output: &Output) -> RunOutput {
    let bytes = format!("{}\n", output.line.text).into();
    if output.is_error { RunOutput::Stderr(bytes) } else { RunOutput::Stdout(bytes) }
}

/// Everything from the beginning to the end.
fn read(world: Arc<World>, id: InstanceId) -> BoxStream<'static, Result<Output, Error>> {
    let versions = world.version.subscribe();
    let start = (world, id, 0_usize, versions);
    stream::try_unfold(start, async |(world, id, count, mut versions)| {
        let next = next(&world, &id, count, &mut versions).await?;
        Ok(next.map(|output| (output, (world, id, count + 1, versions))))
    })
    .boxed()
}

async fn next(
    world: &World,
    id: &InstanceId,
    count: usize,
    versions: &mut watch::Receiver<u64>,
) -> Result<Option<Output>, Error> {
    loop {
        versions.mark_unchanged();
        let look = |container: &Container| (container.output.get(count).cloned(), container.state);
        match world.look(id, look).ok_or(Error::Gone)? {
            (Some(output), _) => return Ok(Some(output)),
            (None, InstanceState::Ended) => return Ok(None),
            (None, _) => versions.changed().await.map_err(|_| Error::Gone)?,
        }
    }
}
