//! The internal listener: every component proves itself with its credential and reaches its own routes only; none of the
//! public API is here.

use axum::{
    Router,
    extract::{Request, State as Extract},
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use sha2::{Digest, Sha256};

use crate::{db, error::Error, pushes, routes, state::State};

/// The internal listener's routes.
pub fn router(state: State) -> Router {
    let routers = only(&state, "router", routes::router());
    let builder = only(&state, "builder", pushes::router());
    routers.merge(builder).with_state(state)
}

/// `routes`, for one component.
fn only(state: &State, component: &'static str, routes: Router<State>) -> Router<State> {
    let guard = move |Extract(state): Extract<State>, headers: HeaderMap, request: Request, next: Next| async move {
        admit(&state, component, &headers).await?;
        Ok::<Response, StatusCode>(next.run(request).await)
    };
    routes.route_layer(from_fn_with_state(state.clone(), guard))
}

async fn admit(state: &State, component: &str, headers: &HeaderMap) -> Result<(), StatusCode> {
    match caller(state, headers).await {
        Ok(Some(name)) if name == component => Ok(()),
        Ok(_) => Err(StatusCode::UNAUTHORIZED),
        Err(error) => {
            tracing::warn!(%error, "a component's credential cannot be checked");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// The component that the request's credential belongs to.
async fn caller(state: &State, headers: &HeaderMap) -> Result<Option<String>, Error> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(credential) = value.and_then(|value| value.strip_prefix("Bearer ")) else { return Ok(None) };
    Ok(db::installation::find_component(&state.pool, &Sha256::digest(credential.trim())).await?)
}
