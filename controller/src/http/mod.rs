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
mod drains;
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
mod reference;
mod releases;
mod root;
mod route;
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
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response},
};
use tower_http::catch_panic::CatchPanicLayer;

use self::route::Routes;
use crate::state::State;

/// The public API.
pub fn router(state: State) -> Router {
    let (router, document) = routes(&state).documented();
    router
        .layer(Extension(document))
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

/// All there are.
fn routes(state: &State) -> Routes {
    let of_users = [
        root::router,
        info::router,
        admin::router,
        users::router,
        apps::router,
        builds::router,
        pushes::router,
        config::router,
        releases::router,
        pods::router,
        scale::router,
        logs::router,
        run::router,
        runs::router,
        exec::router,
        domains::router,
        drains::router,
        settings::router,
        tls::router,
        services::router,
        whitelist::router,
        perms::router,
        keys::router,
        certs::router,
        auth::router,
        audit::router,
    ];
    let note = || from_fn_with_state(state.clone(), audit::note);
    let of_users = of_users.into_iter().fold(Routes::new(), |all, router| all.merge(router()));
    of_users
        .route_layer(note())
        // Inside of here the app in the URL is known; outside it is not.
        .idempotent(state)
        // What these answer is shown once and kept nowhere.
        .merge(auth::secret_router().route_layer(note()))
        // No user calls these.
        .merge(hooks::router())
        .merge(health::router())
        .merge(reference::router())
}
