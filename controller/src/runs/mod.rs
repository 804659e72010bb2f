//! One-off runs (reference 3.7): a container of the latest release that lives as long as somebody holds it, or for a time that
//! was set; and commands in instances that run.
//!
//! The row is written first and renewed while the run is attended to. Whoever attends may die at any point: a row that is
//! no longer renewed is ended by the app's worker, and an ended one's container is removed.

mod attached;
mod detached;
mod exec;
mod hold;

use std::{pin::Pin, time::Duration};

use api::types::Terminal;
use futures_util::{Stream, StreamExt};

use self::hold::{Hold, hold};
use crate::{
    db::{
        self,
        app::App,
        event::{self, Level},
    },
    error::Error,
    operation::Actor,
    outage::unavailable,
    platform::{self, Attached, RunOutput, RunSpec},
    reconcile,
    state::State,
    workload::{self, Workload},
};

pub use attached::attach;
pub use detached::{DEFAULT_LIMIT, MAX_LIMIT, begin, full_name, list, show};
pub use exec::{Target, exec, find};

/// Longest run whose client waits for one answer (Deis: 20 minutes).
pub const LIMIT: Duration = Duration::from_mins(20);

/// A run under way. Dropping it ends the run.
pub struct Running {
    /// Its name on the platform.
    pub name: String,
    /// What it writes and how it ends.
    pub output: Pin<Box<dyn Stream<Item = Result<RunOutput, Error>> + Send>>,
}

/// A command that a client is attached to. Dropping it ends the command.
pub struct Session {
    /// The run or instance that it runs in.
    pub name: String,
    /// The ways to it.
    pub attached: Attached,
    hold: Option<Hold>,
}

impl Session {
    /// Ends the command, and answers once that is written.
    pub async fn end(self) {
        let Self { attached, hold, .. } = self;
        drop(attached);
        if let Some(hold) = hold {
            hold.end().await;
        }
    }
}

/// Starts `command` in a container of its own.
pub async fn start(state: &State, app: &App, actor: &Actor, command: &str) -> Result<Running, Error> {
    let workload = latest(state, app).await?;
    let name = full_name(app, &reconcile::suffix());
    let held = hold(state, app, actor, &workload, (&name, command)).await?;
    tell(state, app, actor, &name, command).await?;
    let spec = RunSpec { name: name.clone(), address: held.address, container: workload.run(app, command, None) };
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

async fn tell(state: &State, app: &App, actor: &Actor, name: &str, command: &str) -> Result<(), Error> {
    let line = format!("{} on {name} runs '{command}'", actor.username);
    Ok(event::add(&state.pool, app.id, Level::Info, &line).await?)
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
