//! Rows that have done their service are deleted, so that a controller that runs for years does not grow.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{db, state::State};

/// Time between two sweeps.
const PERIOD: Duration = Duration::from_mins(10);

/// Sweeps until `shutdown`.
pub async fn run(state: State, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(PERIOD);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(error) = sweep(&state).await {
            tracing::warn!(%error, "old rows were not swept; trying again in {} min", PERIOD.as_secs() / 60);
        }
    }
}

async fn sweep(state: &State) -> Result<(), sqlx::Error> {
    db::idempotency::sweep(&state.pool).await?;
    db::login_failure::sweep(&state.pool).await?;
    db::api_token::sweep(&state.pool).await?;
    db::audit::sweep(&state.pool).await?;
    db::event::sweep(&state.pool).await?;
    db::deploy_hook::sweep(&state.pool).await?;
    db::operation::sweep(&state.pool).await
}
