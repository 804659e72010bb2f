//! Which instances get traffic. Pure.

use std::net::SocketAddr;

use api::{
    names::ProcessType,
    routes::{AppRoutes, Endpoint, PathRoute},
};

use super::{desired::Desired, plan::Pair};
use crate::{
    db::instance::Phase,
    operation::formation,
    platform::{InstanceState, Readiness},
};

/// The routes as they should be, given who is about to leave.
pub fn routes(desired: &Desired, pairs: &[Pair<'_>], leaving: &[i64]) -> AppRoutes {
    let endpoints = |process_type: &ProcessType| {
        let those = pairs.iter().filter(|pair| pair.row.process_type == *process_type);
        let serving = those.filter(|pair| !leaving.contains(&pair.row.id) && serves(pair));
        let mut endpoints: Vec<_> = serving.filter_map(|pair| endpoint(desired, pair)).collect();
        endpoints.sort_by(|one, other| one.instance.cmp(&other.instance));
        endpoints
    };
    // Whoever answered these paths until now goes on until somebody else can.
    let told = desired.route.as_ref().and_then(|route| route.routes.as_ref());
    let known = |route: &PathRoute| told.is_some_and(|told| told.paths.iter().any(|one| one.pattern == route.pattern));
    let paths = desired
        .services
        .iter()
        .map(|(process_type, pattern)| PathRoute { pattern: pattern.clone(), endpoints: endpoints(process_type) });
    let paths = paths.filter(|route| !route.endpoints.is_empty() || known(route));
    AppRoutes {
        app: desired.app.uuid,
        name: desired.app.name.to_string(),
        hosts: desired.front.hosts.clone(),
        endpoints: endpoints(&formation::routed_type(&desired.formation)),
        paths: paths.collect(),
        maintenance: desired.front.maintenance,
        certificates: desired.front.certificates.clone(),
        https_enforced: desired.front.https_enforced,
        whitelist: desired.front.whitelist.clone(),
        treatment: Box::new(desired.front.treatment.clone()),
    }
}

/// True when the instance gets traffic: proven healthy, and nothing has been heard against it since.
fn serves(pair: &Pair<'_>) -> bool {
    let Some(seen) = pair.seen else { return false };
    let ready = match seen.readiness {
        Readiness::Ready => true,
        Readiness::Unknown => pair.row.healthy_at.is_some(),
        Readiness::NotReady(_) => false,
    };
    pair.row.phase == Phase::Wanted && seen.state == InstanceState::Running && ready
}

fn endpoint(desired: &Desired, pair: &Pair<'_>) -> Option<Endpoint> {
    pair.row.answers().then_some(())?;
    let workload = desired.workloads.get(&pair.row.release_id)?;
    let address = SocketAddr::new(pair.row.address?, workload.release.resolved.port?);
    Some(Endpoint { instance: pair.row.name.clone(), address })
}
