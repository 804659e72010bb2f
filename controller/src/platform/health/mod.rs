//! Is an instance ready, is it alive: the rules of probes, for every platform that probes by itself.
//!
//! A platform says how one try is made ([`Try`]); when to try, and what a row of results means, is the same everywhere.

mod gauge;
mod pace;
mod prober;

use std::{collections::HashMap, net::IpAddr};

use api::types::{Probe, TcpSocketAction};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(super) use prober::Prober;

use super::{Instance, InstanceId, InstanceSpec, InstanceState, Readiness};

/// What is asked of an instance. Kept with the instance, so that a new controller asks the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Checks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) readiness: Option<Probe>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) liveness: Option<Probe>,
}

impl Checks {
    pub(super) fn of(spec: &InstanceSpec) -> Self {
        Self { port: spec.port, readiness: spec.readiness.clone(), liveness: spec.liveness.clone() }
    }

    /// The readiness probe: the given one, else that the port accepts connections. Without a port and a probe there is
    /// none, and whatever has run for [`super::SETTLED`] is ready.
    fn readiness(&self) -> Option<Probe> {
        self.readiness.clone().or_else(|| self.port.map(accepts_connections))
    }
}

/// One life of one instance, from a start of its process to its end.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) app: Uuid,
    pub(super) id: InstanceId,
    /// Where its port is; absent when it has no network any more.
    pub(super) address: Option<IpAddr>,
    pub(super) started_at: DateTime<Utc>,
    pub(super) checks: Checks,
}

/// What the probes of one life have found so far.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Health {
    pub(super) readiness: Readiness,
    pub(super) liveness_failure: Option<String>,
}

/// One try of a probe, the platform's part.
#[async_trait]
pub(super) trait Try: Send + Sync + 'static {
    /// Succeeds, or says in words for people why not; nothing when it could not be made, which is not the instance's
    /// fault. Need not watch the time.
    async fn try_once(&self, life: &Life, probe: &Probe) -> Option<Result<(), String>>;
}

/// What may be said of readiness by the state alone.
pub(super) fn of_state(state: InstanceState) -> Readiness {
    let why = match state {
        InstanceState::Created => "it was never started",
        InstanceState::Running => return Readiness::Unknown,
        InstanceState::Restarting => "it ended and will be started again",
        InstanceState::Ended => "it has ended",
    };
    Readiness::NotReady(why.to_owned())
}

/// Adds what the probes found to what was observed.
pub(super) fn add(instances: &mut [Instance], found: &HashMap<InstanceId, Health>) {
    for instance in instances {
        if let Some(health) = found.get(&instance.id) {
            instance.readiness = health.readiness.clone();
            instance.liveness_failure.clone_from(&health.liveness_failure);
        }
    }
}

/// Deis's default probe of an image with a port, without its delay: a refused connection costs nothing.
fn accepts_connections(port: u16) -> Probe {
    Probe {
        initial_delay_seconds: 0,
        timeout_seconds: 5,
        period_seconds: 5,
        success_threshold: 1,
        failure_threshold: 1,
        exec: None,
        http_get: None,
        tcp_socket: Some(TcpSocketAction { port }),
    }
}
