//! Which instances an app has, as `ps` shows them (reference 3.7).

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use api::{names::ProcessType, time::Timestamp, types::Pod};

use crate::{
    db::{self, app::App, instance::Phase, signal::Signal},
    error::Error,
    outage::unavailable,
    platform::{Instance, InstanceState, Readiness},
    state::State,
    workload,
};

/// The app's instances that run or will run its release, newest start first.
pub async fn list(state: &State, app: &App) -> Result<Vec<Pod>, Error> {
    let rows = db::instance::list(&state.pool, app.id).await?;
    let names: Vec<_> = rows.iter().map(|row| row.name.clone()).collect();
    let observed = state.platform.instances(&workload::app_ref(app), &names).await.map_err(unavailable)?;
    let releases = db::release::running(&state.pool, app.id).await?;
    let pending = db::release::pending(&state.pool, app.id).await?;
    let latest = db::release::latest_good(&state.pool, app.id).await?;
    let shown = [pending, latest].map(|release| release.map(|release| release.id));
    let mut pods: Vec<_> = rows
        .iter()
        .filter(|row| row.phase == Phase::Wanted && shown.contains(&Some(row.release_id)))
        .filter_map(|row| {
            let release = releases.iter().find(|release| release.id == row.release_id)?;
            let seen = observed.iter().find(|seen| seen.name == row.name);
            Some(Pod {
                name: row.name.clone(),
                process_type: row.process_type.to_string(),
                state: describe(seen).to_owned(),
                release: format!("v{}", release.version),
                started: Timestamp(seen.and_then(|seen| seen.started_at).unwrap_or(row.created_at)),
            })
        })
        .collect();
    pods.sort_by(|one, other| other.started.cmp(&one.started).then_with(|| one.name.cmp(&other.name)));
    Ok(pods)
}

/// Waits until the formation runs, or that of `types` alone: every instance proven healthy and none left over, for at most
/// `patience`. False when it does not by then.
pub async fn wait_up(
    state: &State,
    app: &App,
    types: Option<&BTreeSet<ProcessType>>,
    patience: Duration,
) -> Result<bool, Error> {
    let mut signals = state.signals.subscribe();
    let begun = Instant::now();
    while !is_up(state, app.id, types).await? {
        if begun.elapsed() > patience {
            return Ok(false);
        }
        signals.next(|signal| signal == Signal::App(app.id)).await;
    }
    Ok(true)
}

async fn is_up(state: &State, app_id: i64, types: Option<&BTreeSet<ProcessType>>) -> Result<bool, Error> {
    let Some(app) = db::app::get(&state.pool, app_id).await?.filter(|app| !app.destroyed) else {
        return Err(Error::Missing("App"));
    };
    let mut missing = app.structure;
    let counts = |name: &ProcessType| types.is_none_or(|types| types.contains(name));
    missing.retain(|name, _| counts(name));
    let rows = db::instance::list(&state.pool, app_id).await?;
    for row in rows.iter().filter(|row| row.phase == Phase::Wanted && counts(&row.process_type)) {
        let proven = row.healthy_at.is_some() && !row.replace;
        match missing.get_mut(&row.process_type).filter(|count| proven && **count > 0) {
            Some(count) => *count -= 1,
            None => return Ok(false),
        }
    }
    Ok(missing.values().all(|count| *count == 0))
}

/// Deis's word for what an instance does.
fn describe(seen: Option<&Instance>) -> &'static str {
    let Some(seen) = seen else { return "initializing" };
    match (seen.state, &seen.readiness) {
        (InstanceState::Created, _) => "creating",
        (InstanceState::Running, Readiness::NotReady(_)) => "starting",
        (InstanceState::Running, Readiness::Ready | Readiness::Unknown) => "up",
        (InstanceState::Restarting | InstanceState::Ended, _) => "crashed",
    }
}
