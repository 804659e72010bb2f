//! Forgetting the repositories of apps that are gone.

use std::{collections::HashSet, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::{client::Controller, git::Repositories};

const PERIOD: Duration = Duration::from_hours(1);
/// At the start, the controller may not be there yet.
const RETRY: Duration = Duration::from_secs(10);

/// At once, and every hour.
pub(crate) async fn run(controller: Controller, repositories: Repositories) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Only a list that the controller gave decides, never that there is none.
        while !forget(&controller, &repositories).await {
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// False when the controller did not answer.
async fn forget(controller: &Controller, repositories: &Repositories) -> bool {
    // First, so that a repository made meanwhile is not seen.
    let kept = match repositories.apps() {
        Ok(kept) => kept,
        Err(error) => {
            tracing::warn!(%error, "cannot list the repositories");
            return true;
        }
    };
    let apps: HashSet<_> = match controller.apps().await {
        Ok(apps) => apps.into_iter().collect(),
        Err(error) => {
            tracing::debug!(%error, "cannot ask which apps there are");
            return false;
        }
    };
    for app in kept.into_iter().filter(|app| !apps.contains(app)) {
        let repository = repositories.of(app);
        match tokio::task::spawn_blocking(move || repository.remove()).await {
            Ok(Ok(())) => tracing::info!(%app, "removed the repository of an app that is gone"),
            Ok(Err(error)) => tracing::warn!(%app, %error, "cannot remove the repository of an app that is gone"),
            Err(error) => tracing::warn!(%app, %error, "cannot remove the repository of an app that is gone"),
        }
    }
    true
}
