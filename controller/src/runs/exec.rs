//! Commands in instances that run.

use api::types::Terminal;

use super::{
    Actor, App, Error, Session, State,
    db::{self, build::Kind},
    event::{self, Level},
    platform, unavailable, workload,
};
use crate::platform::{InstanceId, InstanceState};

/// An instance in which something can be executed.
pub struct Target {
    /// Its name on the platform.
    pub name: String,
    id: InstanceId,
    kind: Kind,
}

/// The app's instance of that name, if it runs.
pub async fn find(state: &State, app: &App, name: &str) -> Result<Target, Error> {
    let missing = || Error::NotFound(format!("Pod {name} does not exist in application"));
    let rows = db::instance::list(&state.pool, app.id).await?;
    let row = rows.into_iter().find(|row| row.name == name).ok_or_else(missing)?;
    let release = db::release::get(&state.pool, row.release_id).await?;
    let build = db::build::get(&state.pool, release.build_id.ok_or_else(missing)?).await?;
    let seen = state.platform.instances(&workload::app_ref(app), &[row.name]).await.map_err(unavailable)?;
    let seen = seen.into_iter().next().ok_or_else(missing)?;
    if seen.state != InstanceState::Running {
        return Err(Error::Conflict(format!("{name} does not run at the moment.")));
    }
    Ok(Target { name: seen.name, id: seen.id, kind: build.kind() })
}

/// Executes `command` there, or a shell, on a terminal perhaps.
pub async fn exec(
    state: &State,
    app: &App,
    actor: &Actor,
    target: &Target,
    (command, terminal): (Option<&str>, Option<&Terminal>),
) -> Result<Session, Error> {
    let what = command.map_or_else(|| "a shell".to_owned(), |command| format!("'{command}'"));
    let line = format!("{} executes {what} in {}", actor.username, target.name);
    event::add(&state.pool, app.id, Level::Info, &line).await?;
    let spec = workload::exec(target.kind, command, terminal);
    let executed = state.platform.exec(&workload::app_ref(app), &target.id, &spec).await;
    let attached = executed.map_err(|error| match error {
        platform::Error::Gone => Error::Conflict(format!("{} does not run any more.", target.name)),
        error => unavailable(error),
    })?;
    Ok(Session { name: target.name.clone(), attached, hold: None })
}
