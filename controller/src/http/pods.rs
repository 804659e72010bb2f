//! `/v2/apps/{id}/pods`: instances, which Deis called pods.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use api::{
    names::ProcessType,
    types::{Pod, PodList},
};
use axum::{
    Json, Router,
    extract::Path,
    routing::{get, post},
};

use super::{
    Slashed,
    extract::{Allowed, Use},
    reachable::Reachable,
    scale::unknown_type,
};
use crate::{
    db::audit,
    error::Error,
    instances,
    operation::{self, Selection},
    state::State,
};

/// How long a restart is awaited; what takes longer goes on unwatched.
const RESTART_PATIENCE: Duration = Duration::from_mins(5);

/// What the URL says after the app's name.
type Rest = Path<BTreeMap<String, String>>;

pub(super) fn router() -> Router<State> {
    Router::new()
        .slashed("/v2/apps/{id}/pods", get(list))
        .slashed("/v2/apps/{id}/pods/restart", post(restart))
        .slashed("/v2/apps/{id}/pods/{type}", get(list))
        .slashed("/v2/apps/{id}/pods/{type}/restart", post(restart))
        .slashed("/v2/apps/{id}/pods/{type}/{name}", get(list))
        .slashed("/v2/apps/{id}/pods/{type}/{name}/restart", post(restart))
}

async fn list(state: State, allowed: Allowed<Use>, Path(rest): Rest) -> Result<Json<PodList>, Error> {
    let mut pods = instances::list(&state, &allowed.app).await?;
    if let Some(wanted) = rest.get("type") {
        pods.retain(|pod| pod.process_type == *wanted);
    }
    if let Some(wanted) = rest.get("name") {
        pods.retain(|pod| pod.name == *wanted);
        if pods.is_empty() {
            return Err(Error::NotFound(format!("Pod {wanted} does not exist in application")));
        }
    }
    Ok(Json(PodList { count: pods.len() as u64, results: pods }))
}

/// Answers the instances that took the places of those before.
async fn restart(state: State, allowed: Allowed<Use>, _: Reachable, Path(rest): Rest) -> Result<Json<Vec<Pod>>, Error> {
    let app = &allowed.app;
    let types = types(&allowed, rest.get("type"))?;
    let before: BTreeSet<String> = instances::list(&state, app).await?.into_iter().map(|pod| pod.name).collect();
    let (selection, target) = selection(&types, &rest);
    let mut tx = state.pool.begin().await?;
    let replaced = operation::restart(&mut tx, app, &selection).await?;
    if let (true, Some(name)) = (replaced.is_empty(), rest.get("name")) {
        return Err(Error::BadRequest(format!("Pod {name} does not exist in application")));
    }
    audit::insert(&mut *tx, allowed.did("ps:restart", &target)).await?;
    tx.commit().await?;
    instances::wait_up(&state, app, Some(&types), RESTART_PATIENCE).await?;
    let after = instances::list(&state, app).await?;
    Ok(Json(after.into_iter().filter(|pod| !before.contains(&pod.name)).collect()))
}

/// The types that are meant: the one in the URL, which the app must have, or all.
fn types<R>(allowed: &Allowed<R>, wanted: Option<&String>) -> Result<BTreeSet<ProcessType>, Error> {
    let all = allowed.app.structure.keys().cloned();
    let Some(wanted) = wanted else { return Ok(all.collect()) };
    let types: BTreeSet<_> = all.filter(|name| name.as_str() == wanted).collect();
    if types.is_empty() { Err(unknown_type(wanted)) } else { Ok(types) }
}

/// The same for the operation, and in a word for the audit row.
fn selection(types: &BTreeSet<ProcessType>, rest: &BTreeMap<String, String>) -> (Selection, String) {
    match (types.first(), rest.get("type"), rest.get("name")) {
        (Some(name), Some(_), Some(instance)) => {
            (Selection::Instance(name.clone(), instance.clone()), instance.clone())
        }
        (Some(name), Some(_), None) => (Selection::Type(name.clone()), name.to_string()),
        _ => (Selection::All, "all".to_owned()),
    }
}
