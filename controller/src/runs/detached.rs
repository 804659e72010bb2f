//! Runs that nobody waits for: they go on until their command ends, somebody stops them, or their time is over.

use std::time::Duration;

use api::{
    time::Timestamp,
    types::{RunView, StartRun},
};
use sqlx::PgConnection;

use super::{Actor, App, Error, Hold, RunSpec, State, db, hold, latest, tell, unable, workload};
use crate::{
    db::signal::{Signal, notify},
    reconcile,
};

/// How long a run may go on where nothing is said.
pub const DEFAULT_LIMIT: Duration = Duration::from_hours(24);
/// How long it may go on at most.
pub const MAX_LIMIT: Duration = Duration::from_hours(7 * 24);

/// A run that was started and is still held.
pub struct Begun {
    /// Its name within the app.
    pub name: String,
    hold: Hold,
    app_id: i64,
}

impl Begun {
    /// Lets it go on without a holder for `limit`, once the transaction is committed.
    pub async fn detach(&self, connection: &mut PgConnection, limit: Duration) -> Result<(), Error> {
        let seconds = i32::try_from(limit.as_secs()).unwrap_or(i32::MAX);
        if !db::run::detach(&mut *connection, self.hold.run, seconds).await? {
            return Err(Error::Conflict(format!("The run {} was stopped while it began.", self.name)));
        }
        // Somebody has to read what it writes.
        Ok(notify(connection, Signal::App(self.app_id)).await?)
    }

    /// To be called when it is.
    pub fn detached(self) {
        self.hold.let_go();
    }
}

/// Starts a run. It is ended unless it is detached.
pub async fn begin(state: &State, app: &App, actor: &Actor, wanted: &StartRun) -> Result<Begun, Error> {
    let workload = latest(state, app).await?;
    let short = wanted.name.as_ref().map_or_else(reconcile::suffix, ToString::to_string);
    let name = full_name(app, &short);
    let hold = hold(state, app, actor, &workload, (&name, &wanted.command)).await?;
    tell(state, app, actor, &name, &wanted.command).await?;
    let container = workload.run(app, &wanted.command, None);
    let spec = RunSpec { name: name.clone(), address: hold.address, container };
    let started = state.platform.start_run(&workload::app_ref(app), &spec).await;
    started.map_err(|error| unable(&name, error))?;
    Ok(Begun { name: short, hold, app_id: app.id })
}

/// The app's runs that go on, attached ones included.
pub async fn list(state: &State, app: &App) -> Result<Vec<RunView>, Error> {
    let runs = db::run::under_way(&state.pool, app.id).await?;
    Ok(runs.into_iter().map(|run| view(app, run)).collect())
}

/// The one of that name among them.
pub async fn show(connection: &mut PgConnection, app: &App, name: &str) -> Result<RunView, Error> {
    let full = full_name(app, name);
    let runs = db::run::under_way(connection, app.id).await?;
    let run = runs.into_iter().find(|run| run.name == full).ok_or(Error::Missing("Run"))?;
    Ok(view(app, run))
}

fn view(app: &App, run: db::run::Listed) -> RunView {
    RunView {
        name: run.name.strip_prefix(&full_name(app, "")).unwrap_or(&run.name).to_owned(),
        command: run.command,
        user: run.username,
        release: format!("v{}", run.version),
        detached: run.detached,
        created: Timestamp(run.created_at),
        until: run.detached.then_some(Timestamp(run.held_until)),
    }
}

/// The platform's name of the app's run `name`.
#[must_use]
pub fn full_name(app: &App, name: &str) -> String {
    format!("{}-run-{name}", app.platform_name)
}
