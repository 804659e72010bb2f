//! The row of a run, kept alive while somebody attends to it.

use std::{net::IpAddr, time::Duration};

use tokio_util::task::AbortOnDropHandle;

use crate::{
    db::{
        self,
        app::App,
        network::Network,
        signal::{Signal, notify},
    },
    error::Error,
    operation::Actor,
    outage::unavailable,
    platform::{Action, NetworkSpec},
    reconcile,
    state::State,
    workload::{self, Workload},
};

/// How often a run's row is renewed.
const HOLD: Duration = Duration::from_secs(5);

/// Keeps a run's row alive, and asks for its container to be removed when dropped.
pub(super) struct Hold {
    state: State,
    app_id: i64,
    pub(super) run: i64,
    pub(super) address: Option<IpAddr>,
    /// Nothing is to be asked for any more.
    over: bool,
    _renewal: AbortOnDropHandle<()>,
}

impl Hold {
    /// The run is over, and its container to be removed.
    pub(super) async fn end(mut self) {
        // Should this not come to pass, the row is not renewed any more either, which asks for the same.
        self.over = end(&self.state, self.app_id, self.run).await.is_ok();
    }

    /// The run goes on without a holder.
    pub(super) fn let_go(mut self) {
        self.over = true;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let (state, app_id, run) = (self.state.clone(), self.app_id, self.run);
        // As for `end`.
        tokio::spawn(async move { end(&state, app_id, run).await });
    }
}

async fn end(state: &State, app_id: i64, run: i64) -> Result<(), sqlx::Error> {
    let mut tx = db::begin(&state.pool).await?;
    db::run::end(&mut *tx, run).await?;
    notify(&mut *tx, Signal::App(app_id)).await?;
    db::commit(tx).await
}

/// Writes the row of a run of that name and command, with an address in the app's network.
pub(super) async fn hold(
    state: &State,
    app: &App,
    actor: &Actor,
    workload: &Workload,
    (name, command): (&str, &str),
) -> Result<Hold, Error> {
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
    let (app_id, release_id, user_id) = (app.id, workload.release.id, actor.user_id);
    let new = db::run::NewRun { app_id, release_id, user_id, name, command, address };
    let run = db::run::insert(&mut *tx, new).await?;
    let run = run.ok_or_else(|| Error::Conflict(format!("There is a run {name} already.")))?;
    db::commit(tx).await?;
    let renewal = AbortOnDropHandle::new(tokio::spawn(renew(state.clone(), run)));
    Ok(Hold { state: state.clone(), app_id, run, address, over: false, _renewal: renewal })
}

async fn renew(state: State, run: i64) {
    loop {
        tokio::time::sleep(HOLD).await;
        if let Err(error) = db::run::hold(&state.pool, run).await {
            tracing::debug!(%error, "a run was not renewed");
        }
    }
}
