//! One process type on its way to the goal: who is new, who is old, who may start and who may leave. Pure.
//!
//! New instances start beside the old ones, a batch at a time, and an old one leaves for each new one that proved
//! healthy; so there are never fewer serving than wanted or than there were.

use api::names::ProcessType;
use chrono::TimeDelta;

use super::{desired::Desired, plan::Pair};
use crate::{
    db::instance::Phase,
    platform::{Exit, InstanceId, InstanceState, Readiness},
};

/// Ends of an instance before we believe that it will not come up. One may be a race with something it needs.
const CRASHES: u32 = 2;
/// An instance that ended for good is not replaced sooner than this after it was wanted.
const PACE: TimeDelta = TimeDelta::seconds(10);

/// Why a release does not come up.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// An instance ended, again and again.
    Crashed {
        /// Its name.
        name: String,
        /// Whose last lines tell more.
        id: InstanceId,
        /// How it ended.
        exit: Option<Exit>,
    },
    /// An instance runs and does not prove healthy in time.
    NotReady {
        /// Its name.
        name: String,
        /// Whose last lines tell more.
        id: Option<InstanceId>,
        /// What its probe says.
        reason: String,
        /// Seconds it was given.
        patience: u32,
    },
}

/// One type of one app.
pub struct TypeView<'a> {
    /// The type.
    pub process_type: ProcessType,
    wanted: usize,
    batch: usize,
    rolling_out: bool,
    /// Run the goal, and nothing is known against them.
    current: Vec<Member<'a>>,
    /// Wanted once; to be replaced or given up.
    stale: Vec<Pair<'a>>,
}

struct Member<'a> {
    pair: Pair<'a>,
    /// Given up hope: it crashed too often or took too long.
    failure: Option<Failure>,
}

/// True when the instance has just proved healthy.
pub fn is_ready(pair: &Pair<'_>) -> bool {
    pair.seen.is_some_and(|seen| seen.state == InstanceState::Running && seen.readiness == Readiness::Ready)
}

/// True when the instance counts as serving: ready, or ready before and not heard of since.
fn serves(pair: &Pair<'_>) -> bool {
    let unknown = |pair: &Pair<'_>| pair.seen.is_some_and(|seen| seen.readiness == Readiness::Unknown);
    is_ready(pair) || (pair.row.healthy_at.is_some() && unknown(pair))
}

impl<'a> TypeView<'a> {
    /// Sorts the instances of `process_type`.
    pub fn new(desired: &'a Desired, process_type: ProcessType, pairs: &[Pair<'a>]) -> Self {
        let count = desired.goal.as_ref().and_then(|_| desired.formation.get(&process_type)).copied().unwrap_or(0);
        let goal = desired.goal.as_ref().map(|goal| goal.release.id);
        let wanted =
            pairs.iter().filter(|pair| pair.row.process_type == process_type && pair.row.phase == Phase::Wanted);
        let (current, stale): (Vec<_>, Vec<_>) = wanted.copied().partition(|pair| {
            let outdated = pair.row.replace || is_deaf(desired, pair);
            Some(pair.row.release_id) == goal && !outdated && (desired.rolling_out || !is_broken(desired, pair))
        });
        let member = |pair| Member { pair, failure: failure(desired, &pair) };
        Self {
            process_type,
            wanted: count as usize,
            batch: desired.goal.as_ref().map_or(1, |goal| goal.release.resolved.batch.max(1) as usize),
            rolling_out: desired.rolling_out,
            current: current.into_iter().map(member).collect(),
            stale,
        }
    }

    /// One item per instance to start now.
    pub fn to_start(&self) -> impl Iterator<Item = ()> + use<> {
        let missing = self.wanted.saturating_sub(self.current.len());
        let unproven = self.current.iter().filter(|member| !serves(&member.pair)).count();
        let replacing = self.stale.iter().any(serves);
        let room = if replacing { self.batch.saturating_sub(unproven) } else { missing };
        std::iter::repeat_n((), missing.min(room))
    }

    /// Rows that leave the routes now.
    pub fn to_leave(&self) -> Vec<i64> {
        let serving = self.current.iter().filter(|member| serves(&member.pair)).count();
        let (serving_stale, useless): (Vec<Pair<'_>>, Vec<Pair<'_>>) = self.stale.iter().partition(|pair| serves(pair));
        let spare = (serving + serving_stale.len()).saturating_sub(self.wanted);
        let mut leave: Vec<i64> =
            useless.iter().chain(serving_stale.iter().take(spare)).map(|pair| pair.row.id).collect();
        if self.stale.is_empty() {
            leave.extend(self.surplus());
        }
        leave
    }

    /// Those above the wanted number, the unproven and the youngest first.
    fn surplus(&self) -> impl Iterator<Item = i64> {
        let mut members: Vec<_> = self.current.iter().map(|member| &member.pair).collect();
        members.sort_by_key(|pair| (serves(pair), std::cmp::Reverse(pair.row.id)));
        let count = members.len().saturating_sub(self.wanted);
        members.into_iter().take(count).map(|pair| pair.row.id)
    }

    /// True when exactly the wanted number runs the goal, each proven, or beyond hope where nothing is at stake.
    pub fn is_converged(&self) -> bool {
        let settled = |member: &Member<'_>| serves(&member.pair) || (!self.rolling_out && member.failure.is_some());
        self.stale.is_empty() && self.current.len() == self.wanted && self.current.iter().all(settled)
    }

    /// Why the goal does not come up, while it is being rolled out.
    pub fn failure(&self) -> Option<Failure> {
        let first = self.current.iter().find_map(|member| member.failure.clone());
        first.filter(|_| self.rolling_out)
    }
}

/// True when it should answer requests and was not started for that: its type has got paths of its own since.
fn is_deaf(desired: &Desired, pair: &Pair<'_>) -> bool {
    !pair.row.answers() && desired.listens(&pair.row.process_type)
}

/// True when the platform will not bring it back, or a probe asks for a new one.
fn is_broken(desired: &Desired, pair: &Pair<'_>) -> bool {
    let Some(seen) = pair.seen else { return false };
    let ended = seen.state == InstanceState::Ended || seen.liveness_failure.is_some();
    ended && desired.now > pair.row.created_at + PACE
}

fn failure(desired: &Desired, pair: &Pair<'_>) -> Option<Failure> {
    let row = pair.row;
    if let Some(seen) = pair.seen.filter(|seen| seen.state == InstanceState::Ended || seen.restarts >= CRASHES) {
        return Some(Failure::Crashed { name: row.name.clone(), id: seen.id.clone(), exit: seen.last_exit.clone() });
    }
    let patience = desired.workloads.get(&row.release_id)?.patience(&row.process_type);
    let overdue = desired.now > row.created_at + TimeDelta::seconds(i64::from(patience));
    if row.healthy_at.is_some() || serves(pair) || !overdue {
        return None;
    }
    let reason = match pair.seen.map(|seen| &seen.readiness) {
        Some(Readiness::NotReady(reason)) => reason.clone(),
        Some(_) => "it was not heard of".to_owned(),
        None => "it could not be started".to_owned(),
    };
    Some(Failure::NotReady { name: row.name.clone(), id: pair.seen.map(|seen| seen.id.clone()), reason, patience })
}
