//! The next steps towards what should run. Pure: everything it knows it was given, the time included.
//!
//! Rows lead and the platform follows: an instance is wanted as a row before it is started, leaves the routes as a row
//! before it is stopped, and its row goes last. So whatever was cut off in between is found again and finished.

use std::collections::BTreeMap;

use api::{names::ProcessType, routes::AppRoutes};
use chrono::TimeDelta;

use super::{
    desired::Desired,
    network,
    rollout::{self, Failure, TypeView},
    routing,
};
use crate::{
    db::{
        instance::{Instance as Row, Phase},
        run::Run,
    },
    platform::{Action, Instance, InstanceId, InstanceState, NetworkSpec, Observed, ObservedRun},
};

/// Longest time that requests may still run on an instance that has left the routes.
const DRAIN: TimeDelta = TimeDelta::seconds(30);

/// A wanted instance and what the platform says of it.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// The row.
    pub row: &'a Row,
    /// Its container, if there is one.
    pub seen: Option<&'a Instance>,
}

/// What to do next: first `changes` in one transaction, then `actions`.
#[derive(Default)]
pub struct Plan {
    /// Rows to write.
    pub changes: Changes,
    /// Steps for the platform.
    pub actions: Vec<Step>,
    /// How far things are.
    pub progress: Progress,
}

/// Rows to write.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    /// The app gets a network.
    pub claim_network: bool,
    /// One more instance of each.
    pub want: Vec<ProcessType>,
    /// They proved healthy.
    pub healthy: Vec<i64>,
    /// They ended and were started again since it was last told.
    pub crashed: Vec<Crash>,
    /// They leave the routes for good.
    pub leave: Vec<i64>,
    /// The routes from now on, when they differ from what was written.
    pub routes: Option<AppRoutes>,
    /// Instances that are gone.
    pub gone: Vec<i64>,
    /// Detached runs whose command has ended.
    pub runs_over: Vec<RunOver>,
    /// Runs that are gone.
    pub runs_gone: Vec<i64>,
    /// Nothing is left of a destroyed app.
    pub app_gone: bool,
}

/// What an app's log is told of an instance that ended.
#[derive(Debug, PartialEq)]
pub struct Crash {
    /// The row.
    pub row: i64,
    /// How often it has been started again by now.
    pub restarts: u32,
    /// The line.
    pub text: String,
}

/// What an app's log is told of a detached run that ended by itself.
#[derive(Debug, PartialEq)]
pub struct RunOver {
    /// The row.
    pub row: i64,
    /// Its command succeeded.
    pub well: bool,
    /// The line.
    pub text: String,
}

impl Changes {
    /// True when there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A step for the platform.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Nothing to remember.
    Do(Action),
    /// SIGTERM; the row remembers when.
    Stop {
        /// The row.
        row: i64,
        /// The instance.
        id: InstanceId,
    },
    /// The same for a run.
    StopRun {
        /// The row.
        row: i64,
        /// The run.
        id: InstanceId,
    },
    /// Gone only once its log was read to the end.
    Remove {
        /// The instance or run.
        id: InstanceId,
    },
}

/// How far things are.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Progress {
    /// Something is still on its way.
    #[default]
    Working,
    /// All types run the goal, and every router knows; what leaves may still be leaving.
    Converged,
    /// Same, and nothing is leaving either.
    Settled,
    /// The goal does not come up.
    Failed(Failure),
}

/// Computes the next steps.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let seen: BTreeMap<_, _> = observed.instances.iter().map(|seen| (seen.name.as_str(), seen)).collect();
    let pairs: Vec<_> =
        desired.instances.iter().map(|row| Pair { row, seen: seen.get(row.name.as_str()).copied() }).collect();
    let mut planner = Planner { desired, observed, pairs, plan: Plan::default() };
    planner.types();
    planner.network();
    planner.wanted();
    planner.leaving();
    planner.runs();
    planner.routes();
    planner.destroyed();
    planner.strays();
    planner.progress();
    planner.plan
}

#[cfg(test)]
mod tests;

struct Planner<'a> {
    desired: &'a Desired,
    observed: &'a Observed,
    pairs: Vec<Pair<'a>>,
    plan: Plan,
}

impl<'a> Planner<'a> {
    /// Who is wanted and who leaves, type by type.
    fn types(&mut self) {
        let mut converged = true;
        for view in self.views() {
            self.plan.changes.want.extend(view.to_start().map(|()| view.process_type.clone()));
            self.plan.changes.leave.extend(view.to_leave());
            converged &= view.is_converged();
            if let Some(failure) = view.failure() {
                self.plan.progress = Progress::Failed(failure);
            }
        }
        let ready = self.pairs.iter().filter(|pair| pair.row.healthy_at.is_none() && rollout::is_ready(pair));
        self.plan.changes.healthy = ready.map(|pair| pair.row.id).collect();
        self.plan.changes.crashed = self.pairs.iter().filter_map(crash).collect();
        if converged && self.plan.progress == Progress::Working {
            self.plan.progress = Progress::Converged;
        }
    }

    fn views(&self) -> Vec<TypeView<'a>> {
        let mut types: Vec<_> = self.desired.formation.keys().cloned().collect();
        types.extend(self.pairs.iter().map(|pair| pair.row.process_type.clone()));
        types.sort();
        types.dedup();
        types.into_iter().map(|process_type| TypeView::new(self.desired, process_type, &self.pairs)).collect()
    }

    /// Instances need the network first, rows and platform both.
    fn network(&mut self) {
        if !self.desired.needs_network || (self.plan.changes.want.is_empty() && self.desired.instances.is_empty()) {
            return;
        }
        match &self.desired.network {
            None => {
                self.plan.changes.claim_network = true;
                self.plan.changes.want.clear();
            }
            Some(network) if !self.has_network() && !self.desired.app.destroyed => {
                let spec = NetworkSpec { subnet: network.subnet, bridge: network.bridge.clone() };
                self.plan.actions.push(Step::Do(Action::EnsureNetwork(spec)));
                // No address is given out before the engine has said that the subnet is free.
                self.plan.changes.want.clear();
            }
            Some(_) => {}
        }
    }

    /// True when the platform has the network that belongs to the app.
    fn has_network(&self) -> bool {
        let wanted = self.desired.network.as_ref().map(|network| network.subnet);
        self.observed.networks.iter().any(|network| Some(network.subnet) == wanted)
    }

    /// Networks with other addresses than the app's go: nothing is ever put there, and each takes its share of the pool.
    fn strays(&mut self) {
        let Some(network) = self.desired.network.as_ref().filter(|_| !self.desired.app.destroyed) else { return };
        let strays = self.observed.networks.iter().filter(|seen| seen.subnet != network.subnet);
        let removals = strays.map(|stray| Step::Do(Action::RemoveNetwork { id: stray.id.clone() }));
        self.plan.actions.extend(removals);
    }

    /// Rows without a container get one.
    fn wanted(&mut self) {
        if self.desired.needs_network && !self.has_network() {
            return;
        }
        let missing = self.pairs.iter().filter(|pair| {
            let absent = pair.seen.is_none_or(|seen| seen.state == InstanceState::Created);
            pair.row.phase == Phase::Wanted && absent && !self.plan.changes.leave.contains(&pair.row.id)
        });
        let starts: Vec<_> = missing.filter_map(|pair| self.start(pair.row)).collect();
        self.plan.actions.extend(starts);
    }

    fn start(&self, row: &Row) -> Option<Step> {
        let workload = self.desired.workloads.get(&row.release_id)?;
        let spec = workload.instance(&self.desired.app, row);
        Some(Step::Do(Action::Start(Box::new(spec))))
    }

    /// Those on their way out take their next step.
    fn leaving(&mut self) {
        for pair in &self.pairs {
            let step = match pair.row.phase {
                Phase::Wanted => continue,
                Phase::Draining if !self.is_drained(pair.row) => continue,
                Phase::Draining | Phase::Stopping => self.way_out(pair),
            };
            match step {
                Some(step) => self.plan.actions.push(step),
                None if pair.seen.is_none() => self.plan.changes.gone.push(pair.row.id),
                None => {}
            }
        }
    }

    /// True once no router sends it anything and nothing runs on it, or the time for that is over.
    fn is_drained(&self, row: &Row) -> bool {
        let confirmed = row.routes_version.is_some_and(|version| self.desired.confirmed.has(version));
        let idle = self.desired.confirmed.in_flight.get(&row.name).is_none_or(|requests| *requests == 0);
        let began = row.drain_at.map(|since| since.max(self.desired.watched_since));
        (confirmed && idle) || began.is_some_and(|began| self.desired.now > began + DRAIN)
    }

    fn way_out(&self, pair: &Pair<'_>) -> Option<Step> {
        let seen = pair.seen?;
        let id = seen.id.clone();
        match (seen.state, pair.row.phase) {
            (InstanceState::Ended, _) => Some(Step::Remove { id }),
            (InstanceState::Created, _) => Some(Step::Do(Action::Remove { id })),
            (InstanceState::Running | InstanceState::Restarting, Phase::Stopping) => {
                self.is_overdue(pair.row).then_some(Step::Do(Action::Kill { id }))
            }
            (InstanceState::Running | InstanceState::Restarting, _) => Some(Step::Stop { row: pair.row.id, id }),
        }
    }

    fn is_overdue(&self, row: &Row) -> bool {
        let workload = self.desired.workloads.get(&row.release_id);
        let default = self.desired.default_grace;
        let grace = workload.map_or(default, |workload| workload.grace(&row.process_type, default));
        row.stop_at.is_some_and(|since| self.desired.now > since + TimeDelta::seconds(i64::from(grace)))
    }

    /// Runs that were ended are removed, and detached ones whose command has ended are to be.
    fn runs(&mut self) {
        for run in &self.desired.runs {
            let seen = self.observed.runs.iter().find(|seen| seen.name == run.name);
            match (run.ended, seen) {
                (true, None) => self.plan.changes.runs_gone.push(run.id),
                (true, Some(seen)) => {
                    let step = self.run_way_out(run, seen);
                    self.plan.actions.extend(step);
                }
                (false, seen) if run.detached => self.plan.changes.runs_over.extend(over(run, seen)),
                (false, _) => {}
            }
        }
    }

    /// Nobody waits for what an attached one has to say. The lines of a detached one are its app's, and it gets the time to end
    /// in order.
    fn run_way_out(&self, run: &Run, seen: &ObservedRun) -> Option<Step> {
        let id = seen.id.clone();
        let grace = TimeDelta::seconds(i64::from(self.desired.default_grace));
        match (seen.running, run.stop_at) {
            (false, _) if run.detached => Some(Step::Remove { id }),
            (false, _) => Some(Step::Do(Action::Remove { id })),
            (true, None) if run.detached && !self.desired.app.destroyed => Some(Step::StopRun { row: run.id, id }),
            (true, Some(since)) if !self.desired.app.destroyed && self.desired.now <= since + grace => None,
            (true, _) => Some(Step::Do(Action::Kill { id })),
        }
    }

    fn routes(&mut self) {
        if self.desired.app.destroyed {
            return;
        }
        let routes = routing::routes(self.desired, &self.pairs, &self.plan.changes.leave);
        let written = self.desired.route.as_ref().and_then(|route| route.routes.as_ref());
        if written != Some(&routes) {
            self.plan.changes.routes = Some(routes);
        }
    }

    /// The end of a destroyed app: whatever bears its label goes, its networks last.
    fn destroyed(&mut self) {
        if !self.desired.app.destroyed {
            return;
        }
        let known = |name: &str| self.desired.instances.iter().any(|row| row.name == name);
        for seen in self.observed.instances.iter().filter(|seen| !known(&seen.name)) {
            let id = seen.id.clone();
            let running = matches!(seen.state, InstanceState::Running | InstanceState::Restarting);
            self.plan.actions.push(Step::Do(if running { Action::Kill { id } } else { Action::Remove { id } }));
        }
        let empty = self.observed.instances.is_empty() && self.observed.runs.is_empty();
        if !empty || !self.desired.instances.is_empty() || !self.desired.runs.is_empty() {
            return;
        }
        for network in &self.observed.networks {
            self.plan.actions.push(Step::Do(Action::RemoveNetwork { id: network.id.clone() }));
        }
        self.plan.changes.app_gone = self.observed.networks.is_empty();
    }

    fn progress(&mut self) {
        if self.plan.progress != Progress::Converged {
            return;
        }
        let known = self.desired.route.as_ref().is_none_or(|route| self.desired.confirmed.has(route.version));
        let leaving = self.pairs.iter().any(|pair| pair.row.phase != Phase::Wanted);
        let ended_runs = self.desired.runs.iter().any(|run| run.ended);
        self.plan.progress = match (known && network::is_quiet(&self.plan.changes), leaving || ended_runs) {
            (false, _) => Progress::Working,
            (true, true) => Progress::Converged,
            (true, false) if self.desired.app.destroyed => Progress::Working,
            (true, false) => Progress::Settled,
        };
    }
}

/// What is to be told of an instance that was started again more often than the row knows.
fn crash(pair: &Pair<'_>) -> Option<Crash> {
    let seen = pair.seen.filter(|seen| seen.restarts > pair.row.restarts && pair.row.phase == Phase::Wanted)?;
    let how = match &seen.last_exit {
        Some(exit) if exit.out_of_memory => "used more memory than its limit".to_owned(),
        Some(exit) => format!("exited with code {}", exit.code),
        None => "ended".to_owned(),
    };
    let text = format!("{} {how} and was started again (restart {})", seen.name, seen.restarts);
    Some(Crash { row: pair.row.id, restarts: seen.restarts, text })
}

/// What is to be told of a detached run whose command does not run any more: it was started before its row said so.
fn over(run: &Run, seen: Option<&ObservedRun>) -> Option<RunOver> {
    let code = seen.and_then(|seen| seen.code);
    let text = match (seen, code) {
        (Some(seen), _) if seen.running => return None,
        (_, Some(code)) => format!("{} ended with exit code {code}", run.name),
        (_, None) => format!("{} is gone", run.name),
    };
    Some(RunOver { row: run.id, well: code == Some(0), text })
}
