//! What pushes leave behind: sources that nobody needs, and records that nobody will ask for.

use std::time::Duration;

use anyhow::Context;

use super::source;
use crate::{db, state::State};

/// Time between two sweeps.
const PERIOD: Duration = Duration::from_mins(1);

/// Sweeps at once, and again and again.
pub async fn run(state: &State) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        ticks.tick().await;
        for swept in [sources(state).await, records(state).await] {
            if let Err(error) = swept {
                tracing::warn!(error = format!("{error:#}"), "old pushes were not swept; trying again in a minute");
            }
        }
    }
}

/// Removes sources that were being received when a controller died, or whose push is over.
pub async fn sources(state: &State) -> anyhow::Result<()> {
    let Some(folder) = &state.settings.sources_dir else { return Ok(()) };
    // Looked at before the rows: a source is locked until it has one.
    let found = source::idle(folder).with_context(|| format!("reading {}", folder.display()))?;
    for build in found {
        if !db::push::needs_source(&state.pool, build).await? {
            source::remove(state, build);
        }
    }
    Ok(())
}

/// Forgets the oldest pushes of each app.
pub async fn records(state: &State) -> anyhow::Result<()> {
    for build in db::push::expired(&state.pool).await? {
        state.platform.forget_build(build).await?;
        db::push::delete(&state.pool, build).await?;
    }
    Ok(())
}
