//! Takes the planned steps: rows first, in one transaction under the lease, then the platform.

use std::collections::BTreeSet;

use anyhow::Context;
use api::names::ProcessType;

use super::{
    desired::{self, Desired},
    images, names, network,
    plan::{self, Changes, Crash, Plan, Progress, RunOver, Step},
};
use crate::{
    db::{
        self,
        event::Level,
        instance::NewInstance,
        lease::HoldError,
        signal::{Signal, notify},
    },
    lease::Held,
    logs::{Followed, Source},
    platform::{self, Action, InstanceId, InstanceState, Observed},
    state::State,
    workload,
};

/// Why a round was cut short. The next one begins anew.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// Somebody else acts for the app.
    #[error(transparent)]
    Lost(#[from] HoldError),
    /// The platform refuses a step of the goal; the text is for the user.
    #[error("{0}")]
    Refused(String),
    /// The platform cannot be reached.
    #[error("the platform did not take a step")]
    Platform(#[source] platform::Error),
    /// Something is wrong with us or the database.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for TickError {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

/// One look and one round of steps. None when the app is gone.
pub async fn tick(state: &State, held: &Held) -> Result<Option<Progress>, TickError> {
    let Some(desired) = desired::load(state, held.lease.app_id).await? else { return Ok(None) };
    let app = workload::app_ref(&desired.app);
    let observed = held.within(state.platform.observe(&app)).await?.map_err(TickError::Platform)?;
    let read = state.collector.sync(desired.app.uuid, &followed(&desired, &observed)).await;
    let plan = plan::plan(&desired, &observed);
    let round = Round { state, held, desired: &desired, read };
    if !round.write(&plan.changes).await? {
        return Ok(Some(Progress::Working));
    }
    round.act(&plan).await?;
    if plan.changes.app_gone {
        return Ok(if round.bury().await? { None } else { Some(Progress::Working) });
    }
    Ok(Some(plan.progress))
}

/// Lines of instances are collected from their first to their last, and those of runs that nobody waits for.
fn followed(desired: &Desired, observed: &Observed) -> Vec<Followed> {
    let version = |name: &str| {
        let row = desired.instances.iter().find(|row| row.name == name)?;
        Some(desired.workloads.get(&row.release_id)?.release.version)
    };
    let started = observed.instances.iter().filter(|seen| seen.state != InstanceState::Created);
    let follow = |seen: &platform::Instance| Followed {
        id: seen.id.clone(),
        source: Source {
            instance: seen.name.clone(),
            process_type: seen.process_type.clone(),
            version: version(&seen.name).unwrap_or(0),
        },
        ended: seen.state == InstanceState::Ended,
    };
    started.map(follow).chain(followed_runs(desired, observed)).collect()
}

fn followed_runs(desired: &Desired, observed: &Observed) -> impl Iterator<Item = Followed> {
    desired.runs.iter().filter(|run| run.detached).filter_map(|run| {
        let seen = observed.runs.iter().find(|seen| seen.name == run.name)?;
        let source = Source { instance: run.name.clone(), process_type: ProcessType::run(), version: run.version };
        Some(Followed { id: seen.id.clone(), source, ended: !seen.running })
    })
}

struct Round<'a> {
    state: &'a State,
    held: &'a Held,
    desired: &'a Desired,
    /// Ended instances and runs whose lines are all stored.
    read: BTreeSet<InstanceId>,
}

impl Round<'_> {
    /// False when the app was destroyed since it was looked at: its routes, which are gone, must not come back.
    async fn write(&self, changes: &Changes) -> Result<bool, TickError> {
        if changes.is_empty() || changes.app_gone {
            return Ok(true);
        }
        let app = &self.desired.app;
        let mut tx = db::begin(&self.state.pool).await?;
        db::lease::hold(&mut tx, self.held.lease).await?;
        let now = db::app::get(&mut *tx, app.id).await?;
        if now.is_none_or(|now| now.destroyed != app.destroyed) {
            return Ok(false);
        }
        if changes.claim_network {
            self.claim_network(&mut tx).await?;
        }
        self.want(&mut tx, changes).await?;
        db::instance::mark_healthy(&mut *tx, &changes.healthy).await?;
        self.report_crashes(&mut tx, &changes.crashed).await?;
        let mut version = self.desired.route.as_ref().map_or(0, |route| route.version);
        if let Some(routes) = &changes.routes {
            version = db::route::put(&mut tx, app.uuid, Some(routes)).await?;
            notify(&mut *tx, Signal::Routes).await?;
        }
        db::instance::drain(&mut *tx, &changes.leave, version).await?;
        for id in &changes.gone {
            db::instance::delete(&mut *tx, *id).await?;
        }
        self.report_runs(&mut tx, &changes.runs_over).await?;
        for id in &changes.runs_gone {
            db::run::delete(&mut *tx, *id).await?;
        }
        notify(&mut *tx, Signal::App(app.id)).await?;
        db::commit(tx).await?;
        Ok(true)
    }

    async fn claim_network(&self, tx: &mut sqlx::PgConnection) -> Result<(), TickError> {
        let Some(pool) = self.state.settings.network_pool else { return Ok(()) };
        let taken = db::network::taken(tx).await?;
        let Some(network) = network::free_network(pool, &taken, self.desired.app.uuid) else {
            let text = format!("all networks of {pool} are taken; the platform's operator can give it a larger pool");
            return Err(TickError::Refused(text));
        };
        db::network::claim(tx, self.desired.app.id, &network).await?;
        Ok(())
    }

    async fn want(&self, tx: &mut sqlx::PgConnection, changes: &Changes) -> Result<(), TickError> {
        let Some(goal) = &self.desired.goal else { return Ok(()) };
        let mut taken = db::instance::addresses(&mut *tx, self.desired.app.id).await?;
        for process_type in &changes.want {
            let name = names::instance(&self.desired.app.platform_name, process_type, goal.release.uuid);
            let address = self.desired.network.as_ref().and_then(|net| network::free_address(net.subnet, &taken));
            if self.desired.needs_network && address.is_none() {
                return Err(TickError::Refused(
                    "every address of the app's network is taken: 253 instances run".to_owned(),
                ));
            }
            let app_id = self.desired.app.id;
            let new = NewInstance {
                release_id: goal.release.id,
                process_type,
                name: &name,
                address,
                listens: self.desired.listens(process_type),
            };
            db::instance::insert(&mut *tx, app_id, new).await?;
            taken.extend(address);
        }
        Ok(())
    }

    async fn report_crashes(&self, tx: &mut sqlx::PgConnection, crashed: &[Crash]) -> Result<(), TickError> {
        for crash in crashed {
            db::instance::set_restarts(&mut *tx, crash.row, crash.restarts).await?;
            db::event::add(&mut *tx, self.desired.app.id, Level::Warn, &crash.text).await?;
        }
        Ok(())
    }

    async fn report_runs(&self, tx: &mut sqlx::PgConnection, over: &[RunOver]) -> Result<(), TickError> {
        for run in over {
            db::run::end(&mut *tx, run.row).await?;
            let level = if run.well { Level::Info } else { Level::Warn };
            db::event::add(&mut *tx, self.desired.app.id, level, &run.text).await?;
        }
        Ok(())
    }

    async fn act(&self, plan: &Plan) -> Result<(), TickError> {
        let app = workload::app_ref(&self.desired.app);
        for step in &plan.actions {
            let action = match step {
                Step::Do(action) => action.clone(),
                Step::Stop { id, .. } | Step::StopRun { id, .. } => Action::Stop { id: id.clone() },
                Step::Remove { id } if !self.read.contains(id) => continue,
                Step::Remove { id } => Action::Remove { id: id.clone() },
            };
            match self.held.within(self.state.platform.apply(&app, &action)).await? {
                Ok(()) | Err(platform::Error::Gone) => self.remember(step).await?,
                Err(platform::Error::SubnetTaken(_)) if self.desired.instances.is_empty() => {
                    self.give_back_subnet().await?;
                }
                Err(error) => return Err(self.refusal(&action, error)),
            }
        }
        Ok(())
    }

    /// Somebody else's network has these addresses: the subnet rests, and the next round claims another.
    async fn give_back_subnet(&self) -> Result<(), TickError> {
        let mut tx = db::begin(&self.state.pool).await?;
        db::lease::hold(&mut tx, self.held.lease).await?;
        db::network::free(&mut *tx, self.desired.app.id).await?;
        Ok(db::commit(tx).await?)
    }

    async fn remember(&self, step: &Step) -> Result<(), TickError> {
        if !matches!(step, Step::Stop { .. } | Step::StopRun { .. }) {
            return Ok(());
        }
        let mut tx = db::begin(&self.state.pool).await?;
        db::lease::hold(&mut tx, self.held.lease).await?;
        match step {
            Step::Stop { row, .. } => db::instance::mark_stopping(&mut *tx, *row).await?,
            Step::StopRun { row, .. } => db::run::mark_stopping(&mut *tx, *row).await?,
            Step::Do(_) | Step::Remove { .. } => {}
        }
        Ok(db::commit(tx).await?)
    }

    /// A start that the platform refuses condemns the release; all else is tried again.
    fn refusal(&self, action: &Action, error: platform::Error) -> TickError {
        let goal = self.desired.goal.as_ref().map(|goal| goal.release.uuid);
        match (action, error) {
            (Action::Start(spec), platform::Error::Rejected(text)) if Some(spec.release) == goal => {
                TickError::Refused(text)
            }
            (_, error) => TickError::Platform(error),
        }
    }

    /// What is left of a destroyed app whose instances are gone: images, builds, log, subnet, rows. False while a push to
    /// it is still being ended.
    async fn bury(&self) -> Result<bool, TickError> {
        let app = &self.desired.app;
        if db::push::has_open(&self.state.pool, app.id).await? {
            return Ok(false);
        }
        images::forget_all(self.state, self.held, app).await?;
        images::forget_builds(self.state, self.held, app).await?;
        self.state.collector.stop(app.uuid).await;
        self.state.logs.remove(app.uuid).context("the app's log stays on the disk")?;
        let mut tx = db::begin(&self.state.pool).await?;
        db::lease::hold(&mut tx, self.held.lease).await?;
        db::network::free(&mut *tx, app.id).await?;
        db::app::delete(&mut *tx, app.id).await?;
        notify(&mut *tx, Signal::App(app.id)).await?;
        db::commit(tx).await?;
        Ok(true)
    }
}

/// For tests: what a tick does that looked at an app some time before it writes.
#[cfg(test)]
pub(crate) async fn write_routes_late<F: Future>(state: &State, held: &Held, meanwhile: F) -> Result<bool, TickError> {
    let Some(desired) = desired::load(state, held.lease.app_id).await? else { return Ok(false) };
    let routes = desired.route.as_ref().and_then(|route| route.routes.clone());
    meanwhile.await;
    let round = Round { state, held, desired: &desired, read: BTreeSet::new() };
    round.write(&Changes { routes, ..Changes::default() }).await
}
