//! One-off runs (reference 3.7): a container of the latest release that lives as long as somebody holds it.
//!
//! The row is written first and renewed while the run is attended to. Whoever attends may die at any point: a row that is
//! no longer renewed is ended by the app's worker, and an ended one's container is removed.

use std::{net::IpAddr, pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    db::{
        self,
        app::App,
        event::Level,
        network::Network,
        signal::{Signal, notify},
    },
    error::Error,
    operation::Actor,
    outage::unavailable,
    platform::{self, Action, NetworkSpec, RunOutput, RunSpec},
    reconcile,
    state::State,
    workload::{self, Workload},
};

/// Longest run (Deis: 20 minutes).
pub const LIMIT: Duration = Duration::from_mins(20);
/// How often a run's row is renewed.
const HOLD: Duration = Duration::from_secs(5);

/// A run under way. Dropping it ends the run.
pub struct Running {
    /// Its name on the platform.
    pub name: String,
    /// What it writes and how it ends.
    pub output: Pin<Box<dyn Stream<Item = Result<RunOutput, Error>> + Send>>,
}

/// Starts `command` in a container of its own.
pub async fn start(state: &State, app: &App, actor: &Actor, command: &str) -> Result<Running, Error> {
    let workload = latest(state, app).await?;
    let name = format!("{}-run-{}", app.platform_name, reconcile::suffix());
    let held = hold(state, app, actor, &workload, &name).await?;
    let line = format!("{} on {name} runs '{command}'", actor.username);
    db::event::add(&state.pool, app.id, Level::Info, &line).await?;
    let spec = RunSpec { name: name.clone(), address: held.address, container: workload.run(app, command) };
    let output = state.platform.run(&workload::app_ref(app), &spec).await.map_err(|error| unable(&name, error))?;
    let until = tokio::time::Instant::now() + LIMIT;
    let output = futures_util::stream::unfold((output, held, false), move |(mut output, held, over)| async move {
        if over {
            return None;
        }
        let (item, over) = match tokio::time::timeout_at(until, output.next()).await {
            Ok(Some(item)) => (item.map_err(unavailable), false),
            Ok(None) => return None,
            Err(_) => (Err(Error::BadRequest("Timed out (20 mins) while running".to_owned())), true),
        };
        Some((item, (output, held, over)))
    });
    Ok(Running { name, output: Box::pin(output) })
}

fn unable(name: &str, error: platform::Error) -> Error {
    match error {
        platform::Error::Rejected(text) => Error::BadRequest(format!("{name} (run): {text}")),
        error => unavailable(error),
    }
}

async fn latest(state: &State, app: &App) -> Result<Workload, Error> {
    let none = || Error::BadRequest("No build associated with this release to run this command".to_owned());
    let release = db::release::latest_good(&state.pool, app.id).await?.ok_or_else(none)?;
    let build = db::build::get(&state.pool, release.build_id.ok_or_else(none)?).await?;
    let document = db::config::get(&state.pool, release.config_id).await?.open(&state.vault, app.uuid)?;
    Ok(Workload { release, build, document })
}

/// Keeps a run's row alive, and asks for its container to be removed when dropped.
struct Hold {
    state: State,
    app_id: i64,
    run: i64,
    address: Option<IpAddr>,
    _renewal: AbortOnDropHandle<()>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let (state, app_id, run) = (self.state.clone(), self.app_id, self.run);
        // Should this not come to pass, the row is not renewed any more either, which asks for the same.
        tokio::spawn(async move { end(&state, app_id, run).await });
    }
}

async fn end(state: &State, app_id: i64, run: i64) -> Result<(), sqlx::Error> {
    let mut tx = db::begin(&state.pool).await?;
    db::run::end(&mut *tx, run).await?;
    notify(&mut *tx, Signal::App(app_id)).await?;
    db::commit(tx).await
}

async fn hold(state: &State, app: &App, actor: &Actor, workload: &Workload, name: &str) -> Result<Hold, Error> {
    let network = db::network::find(&state.pool, app.id).await?;
    if let Some(Network { subnet, bridge }) = network.clone() {
        let action = Action::EnsureNetwork(NetworkSpec { subnet, bridge });
        state.platform.apply(&workload::app_ref(app), &action).await.map_err(unavailable)?;
    }
    let mut tx = db::begin(&state.pool).await?;
    // The lock keeps the worker from giving the same address away.
    db::app::lock_structure(&mut *tx, app.id).await?.ok_or(Error::Missing("App"))?;
    let taken = db::instance::addresses(&mut *tx, app.id).await?;
    let address = network.and_then(|network| reconcile::free_address(network.subnet, &taken));
    let new =
        db::run::NewRun { app_id: app.id, release_id: workload.release.id, user_id: actor.user_id, name, address };
    let run = db::run::insert(&mut *tx, new).await?;
    db::commit(tx).await?;
    let renewal = AbortOnDropHandle::new(tokio::spawn(renew(state.clone(), run)));
    Ok(Hold { state: state.clone(), app_id: app.id, run, address, _renewal: renewal })
}

async fn renew(state: State, run: i64) {
    loop {
        tokio::time::sleep(HOLD).await;
        if let Err(error) = db::run::hold(&state.pool, run).await {
            tracing::debug!(%error, "a run was not renewed");
        }
    }
}
