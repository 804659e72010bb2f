//! `/v2/apps/{id}/pods`: instances, which Deis called pods.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use api::types::{Pod, PodList};
use axum::Json;

use super::{
    extract::{Allowed, Path, Use},
    reachable::Reachable,
    route::{Routes, get, post},
};
use crate::{
    db::{self, audit},
    error::Error,
    instances,
    operation::{self, Selection},
    state::State,
};

/// How long a restart is awaited; what takes longer goes on unwatched.
const RESTART_PATIENCE: Duration = Duration::from_mins(5);

/// What the URL says after the app's name.
type Rest = Path<BTreeMap<String, String>>;

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/apps/{id}/pods", get("Instances", list))
        .slashed("/v2/apps/{id}/pods/restart", post("Replace all instances", restart).may_refuse([400]))
        .slashed("/v2/apps/{id}/pods/{type}", get("Instances of a process type", list))
        .slashed(
            "/v2/apps/{id}/pods/{type}/restart",
            post("Replace the instances of a process type", restart).may_refuse([400]),
        )
        .slashed("/v2/apps/{id}/pods/{type}/{name}", get("An instance", list))
        .slashed("/v2/apps/{id}/pods/{type}/{name}/restart", post("Replace an instance", restart).may_refuse([400]))
}

async fn list(state: State, allowed: Allowed<Use>, Path(rest): Rest) -> Result<Json<PodList>, Error> {
    let mut pods = instances::list(&state, &allowed.app).await?;
    match (rest.get("type"), rest.get("name")) {
        (_, Some(wanted)) => pods.retain(|pod| pod.name == *wanted),
        (Some(wanted), None) => pods.retain(|pod| pod.process_type == *wanted),
        (None, None) => {}
    }
    if let (true, Some(wanted)) = (pods.is_empty(), rest.get("name")) {
        return Err(Error::NotFound(format!("Pod {wanted} does not exist in application")));
    }
    Ok(Json(PodList { count: pods.len() as u64, results: pods }))
}

/// Answers the instances that took the places of those before; none for a type that the app does not have, as Deis did.
async fn restart(state: State, allowed: Allowed<Use>, _: Reachable, Path(rest): Rest) -> Result<Json<Vec<Pod>>, Error> {
    let app = &allowed.app;
    let selection = selection(&rest);
    let before: BTreeSet<String> = instances::list(&state, app).await?.into_iter().map(|pod| pod.name).collect();
    let mut tx = db::begin(&state.pool).await?;
    let replaced = operation::restart(&mut tx, app, &selection).await?;
    if replaced.is_empty() {
        return match selection {
            Selection::Instance(name) => Err(Error::BadRequest(format!("Pod {name} does not exist in application"))),
            Selection::All | Selection::Type(_) => Ok(Json(Vec::new())),
        };
    }
    audit::insert(&mut *tx, allowed.did("ps:restart", &selection.to_string())).await?;
    db::commit(tx).await?;
    let types = replaced.into_iter().map(|instance| instance.process_type).collect();
    instances::wait_up(&state, app, Some(&types), RESTART_PATIENCE).await?;
    let after = instances::list(&state, app).await?;
    Ok(Json(after.into_iter().filter(|pod| !before.contains(&pod.name)).collect()))
}

/// What the URL means. A name decides alone, as at Deis, whatever stands in the place of its type: the original client,
/// which has to guess the type out of the name, guesses wrong where the name's release holds letters.
fn selection(rest: &BTreeMap<String, String>) -> Selection {
    match (rest.get("type"), rest.get("name")) {
        (_, Some(name)) => Selection::Instance(name.clone()),
        (Some(name), None) => Selection::Type(name.clone()),
        (None, None) => Selection::All,
    }
}
