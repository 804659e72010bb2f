//! Runs that a client is attached to.

use super::{Actor, App, Error, RunSpec, Session, State, Terminal, full_name, hold, latest, tell, unable, workload};
use crate::reconcile;

/// Starts `command` in a container of its own, on a terminal perhaps.
pub async fn attach(
    state: &State,
    app: &App,
    actor: &Actor,
    command: &str,
    terminal: Option<&Terminal>,
) -> Result<Session, Error> {
    let workload = latest(state, app).await?;
    let name = full_name(app, &reconcile::suffix());
    let held = hold(state, app, actor, &workload, (&name, command)).await?;
    tell(state, app, actor, &name, command).await?;
    let spec = RunSpec { name: name.clone(), address: held.address, container: workload.run(app, command, terminal) };
    let size = terminal.map(|terminal| terminal.size);
    let attached = state.platform.attach(&workload::app_ref(app), &spec, size).await;
    let attached = attached.map_err(|error| unable(&name, error))?;
    Ok(Session { name, attached, hold: Some(held) })
}
