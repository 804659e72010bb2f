//! The HTTP API (Deis API 2.3 and what we add): one file a resource, each with its own `router()`; this one only puts
//! them together.

mod admin;
mod apps;
mod audit;
mod auth;
mod autoscale;
mod body;
mod builds;
mod certs;
mod config;
mod domains;
mod error;
mod exec;
mod extract;
mod headers;
mod health;
mod hooks;
mod idempotency;
mod in_time;
mod info;
mod keys;
mod logs;
mod page;
mod perms;
mod pods;
mod pushes;
mod reachable;
mod releases;
mod root;
mod run;
mod runs;
mod scale;
mod services;
mod session;
mod settings;
mod still;
mod submit;
mod tls;
mod trace;
mod users;
mod whitelist;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response},
    routing::MethodRouter,
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::state::State;

/// The public API.
pub fn router(state: State) -> Router {
    Router::new()
        .merge(root::router())
        .merge(info::router())
        .merge(admin::router())
        .merge(users::router())
        .merge(apps::router())
        .merge(builds::router())
        .merge(pushes::router())
        .merge(config::router())
        .merge(releases::router())
        .merge(pods::router())
        .merge(scale::router())
        .merge(logs::router())
        .merge(run::router())
        .merge(runs::router())
        .merge(exec::router())
        .merge(domains::router())
        .merge(settings::router())
        .merge(tls::router())
        .merge(services::router())
        .merge(whitelist::router())
        .merge(perms::router())
        .merge(keys::router())
        .merge(certs::router())
        .merge(auth::router())
        .merge(audit::router())
        .route_layer(from_fn_with_state(state.clone(), audit::note))
        // Inside of here the app in the URL is known; outside it is not.
        .route_layer(from_fn_with_state(state.clone(), idempotency::once))
        // What these answer is shown once and kept nowhere.
        .merge(auth::secret_router().route_layer(from_fn_with_state(state.clone(), audit::note)))
        // No user calls these.
        .merge(hooks::router())
        .merge(health::router())
        .fallback(error::page_not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(from_fn_with_state(state.pulse.clone(), in_time::answer_in_time))
        .layer(DefaultBodyLimit::max(body::MAX))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn(trace::span))
        .layer(headers::cors())
        .layer(map_response(headers::stamp))
        .with_state(state)
}

/// Routes whose trailing slash may be left out, as on nearly every route of Deis.
trait Slashed {
    /// Adds the route with and without the slash.
    fn slashed(self, path: &str, methods: MethodRouter<State>) -> Self;
}

impl Slashed for Router<State> {
    fn slashed(self, path: &str, methods: MethodRouter<State>) -> Self {
        self.route(path, methods.clone()).route(&format!("{path}/"), methods)
    }
}
