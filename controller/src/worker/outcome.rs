//! How a rollout ends: the release is good, or it failed and all is as before.

use std::time::Duration;

use sqlx::PgConnection;

use crate::{
    db::{
        self,
        app::App,
        event::Level,
        operation::Operation,
        release::{Release, State as ReleaseState},
        signal::{Signal, notify},
    },
    error::{Answer, Error},
    lease::Held,
    operation::formation::{self, Shape},
    platform::{self, InstanceId},
    reconcile::{self, Failure, Progress, TickError},
    state::State,
};

/// Lines of a failed instance that its report shows.
const TAIL: usize = 10;

/// Ends the operation when its rollout has come to an end. True when something was written.
pub async fn settle(
    state: &State,
    held: &Held,
    app: &App,
    operation: &Operation,
    progress: &Progress,
) -> Result<bool, TickError> {
    let Some(release_id) = operation.release_id else { return Ok(false) };
    let release = db::release::get(&state.pool, release_id).await?;
    match (release.state, progress) {
        (_, Progress::Working) | (ReleaseState::Failed | ReleaseState::Good, Progress::Failed(_)) => Ok(false),
        (ReleaseState::Pending, Progress::Failed(failure)) => {
            let reason = describe(state, failure).await;
            fail_release(state, held, app, operation, &reason).await
        }
        (ReleaseState::Pending | ReleaseState::Good, Progress::Converged | Progress::Settled) => {
            succeed(state, held, app, operation, &release).await?;
            Ok(true)
        }
        (ReleaseState::Failed, Progress::Converged | Progress::Settled) => {
            give_up(state, held, operation, &release).await?;
            Ok(true)
        }
    }
}

async fn succeed(
    state: &State,
    held: &Held,
    app: &App,
    operation: &Operation,
    release: &Release,
) -> Result<(), TickError> {
    let mut tx = db::begin(&state.pool).await?;
    db::lease::hold(&mut tx, held.lease).await?;
    adopt_formation(&mut tx, app, release).await?;
    db::release::mark_good(&mut *tx, release.id).await?;
    db::operation::finish(&mut *tx, operation.id).await?;
    notify(&mut *tx, Signal::Operation(operation.id)).await?;
    db::commit(tx).await?;
    reconcile::expire_images(state, held).await
}

/// The formation that the release was rolled out with becomes the app's.
async fn adopt_formation(tx: &mut PgConnection, app: &App, release: &Release) -> Result<(), TickError> {
    let Some(build_id) = release.build_id.filter(|_| release.state == ReleaseState::Pending) else { return Ok(()) };
    let old = match db::release::latest_good(&mut *tx, app.id).await?.and_then(|good| good.build_id) {
        Some(id) => Some(db::build::get(&mut *tx, id).await?),
        None => None,
    };
    let new = db::build::get(&mut *tx, build_id).await?;
    let now = db::app::lock_structure(&mut *tx, app.id).await?.unwrap_or_default();
    let next = formation::after_build(&now, old.as_ref().map(Shape::from), Shape::from(&new));
    Ok(db::app::set_structure(tx, app.id, &next).await?)
}

/// Marks the release failed; from now on the latest good one is the goal again. True when it was still pending.
pub async fn fail_release(
    state: &State,
    held: &Held,
    app: &App,
    operation: &Operation,
    reason: &str,
) -> Result<bool, TickError> {
    let Some(release_id) = operation.release_id else { return Ok(false) };
    let mut tx = db::begin(&state.pool).await?;
    db::lease::hold(&mut tx, held.lease).await?;
    let release = db::release::get(&mut *tx, release_id).await?;
    if release.state != ReleaseState::Pending {
        return Ok(false);
    }
    let before = db::release::latest_good(&mut *tx, app.id).await?.filter(|good| good.build_id.is_some());
    let mut text = reason.to_owned();
    if let Some(before) = before {
        let returning = format!(
            "There was a problem deploying v{}. Rolling back process types to release v{}.",
            release.version, before.version
        );
        text = format!("{returning}\n{reason}");
    }
    for line in text.lines() {
        db::event::add(&mut *tx, app.id, Level::Error, line).await?;
    }
    let summary = failed_summary(&operation.username, &release);
    let exception = format!("error: (app::deploy): {text}");
    db::release::mark_failed(&mut *tx, release.id, &summary, &exception).await?;
    db::commit(tx).await?;
    Ok(true)
}

/// Ends an operation whose release the platform has not taken a step towards for `stalled`, once that is longer than an
/// instance is given. What runs is put in order when the platform can. True when the operation was ended.
pub async fn abandon(
    state: &State,
    held: &Held,
    app: &App,
    operation: &Operation,
    stalled: Duration,
    error: &platform::Error,
) -> Result<bool, TickError> {
    let Some(release_id) = operation.release_id else { return Ok(false) };
    let release = db::release::get(&state.pool, release_id).await?;
    let patience = release.resolved.deploy_timeout;
    if stalled < Duration::from_secs(patience.into()) {
        return Ok(false);
    }
    let reason = format!("The container engine did not do its part within {patience} s: {}.", root_cause(error));
    fail_release(state, held, app, operation, &reason).await?;
    give_up(state, held, operation, &db::release::get(&state.pool, release_id).await?).await?;
    Ok(true)
}

fn root_cause(error: &platform::Error) -> String {
    match error {
        platform::Error::Unavailable(source) => source.root_cause().to_string(),
        other => other.to_string(),
    }
}

/// The wording of reference 3.2, by what the release was.
fn failed_summary(user: &str, release: &Release) -> String {
    let is = |word: &str| release.summary.starts_with(&format!("{user} {word}"));
    match release.build_uuid {
        _ if is("rolled back") => format!("{user} performed roll back to a release that failed"),
        Some(build) if is("deployed") => {
            format!("{user} deployed {} which failed", crate::operation::create::short(build))
        }
        _ => format!("{user} deployed a config that failed"),
    }
}

/// All is as before; the client is told why.
async fn give_up(state: &State, held: &Held, operation: &Operation, release: &Release) -> Result<(), TickError> {
    let exception = release.exception.as_deref().unwrap_or_default();
    let detail = exception.strip_prefix("error: ").unwrap_or(exception);
    let mut tx = db::begin(&state.pool).await?;
    db::lease::hold(&mut tx, held.lease).await?;
    let answer = Answer::from(&Error::BadRequest(detail.to_owned()));
    db::operation::fail(&mut *tx, operation.id, &answer).await?;
    notify(&mut *tx, Signal::Operation(operation.id)).await?;
    Ok(db::commit(tx).await?)
}

async fn describe(state: &State, failure: &Failure) -> String {
    match failure {
        Failure::Crashed { name, id, exit } => {
            let how = match exit {
                Some(exit) if exit.out_of_memory => "was ended because it used more memory than its limit".to_owned(),
                Some(exit) => format!("exited with code {}", exit.code),
                None => "ended".to_owned(),
            };
            format!("{name} {how}.{}", last_lines(state, Some(id)).await)
        }
        Failure::NotReady { name, id, reason, patience } => {
            let lines = last_lines(state, id.as_ref()).await;
            format!("{name} did not become ready within {patience} s: {reason}.{lines}")
        }
    }
}

async fn last_lines(state: &State, id: Option<&InstanceId>) -> String {
    let Some(id) = id else { return String::new() };
    match state.platform.tail(id, TAIL).await {
        Ok(lines) if lines.is_empty() => " It wrote nothing.".to_owned(),
        Ok(lines) => format!(" Its last lines:\n    {}", lines.join("\n    ")),
        Err(_) => String::new(),
    }
}
