//! `git push`, from the controller's side: what the builder asks on the internal listener, the queue of builds, and what
//! becomes of each.
//!
//! A push is a row. Whoever holds its lease ([`job`]) has the platform build it, and then submits an ordinary change of the
//! app, which deploys the image. It remembers nothing between two looks: killed at any instant, the next one goes on.

mod access;
mod cancel;
mod deploy;
mod events;
mod job;
mod log;
mod queue;
mod receive;
mod source;
mod sweep;
#[cfg(test)]
mod tests;

use api::push::{ACCESS_PATH, APPS_PATH, BUILDS_PATH, KEY_PATH, LOCK_PATH};
use axum::{
    Json, Router,
    extract::State as Extract,
    routing::{get, post},
};
use uuid::Uuid;

pub use cancel::{OVER, cancel};
pub use log::{Broken, follow, whole};
pub use queue::run;

use crate::{db, error::Error, state::State};

/// What the builder may reach.
pub fn router() -> Router<State> {
    Router::new()
        .route(KEY_PATH, post(access::owner))
        .route(ACCESS_PATH, post(access::access))
        .route(LOCK_PATH, post(access::lock).delete(access::unlock))
        .route(BUILDS_PATH, post(receive::receive))
        .route(&format!("{BUILDS_PATH}/{{build}}/events"), get(events::events))
        .route(APPS_PATH, get(apps))
}

/// All apps, so that the builder can tell which repositories are nobody's any more.
async fn apps(Extract(state): Extract<State>) -> Result<Json<Vec<Uuid>>, Error> {
    Ok(Json(db::app::all_uuids(&state.pool).await?))
}

/// What a push's image is called: `<app>:git-<8 digits of the commit>`.
#[must_use]
pub fn image_name(app: &str, sha: &str) -> String {
    format!("{app}:git-{}", sha.get(..8).unwrap_or(sha))
}
