//! `/v2/hooks`: what Deis's builder asks, for builders that are not ours. Whoever holds the builder key speaks for every
//! user, but only with what that user may do.

mod build;
mod config;
mod keys;

use api::{
    headers::BUILDER_AUTH,
    names::{AppName, Username},
    types::HookPush,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, request::Parts},
};

use super::route::{Access, Argument, Operation, Routes, get, post};
use crate::{
    auth::{access, builder_key},
    db::{self, app::App, user::User},
    error::Error,
    state::State,
};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/hooks/keys/{app}", get("The keys of who may push to an app", keys::of_app))
        // Deis wants no slash here.
        .route("/v2/hooks/keys/{app}/{user}", get("The keys of a user who may push to an app", keys::of_user))
        // One at the end would be part of the fingerprint.
        .route("/v2/hooks/key/{*fingerprint}", get("Whose key it is", keys::owner))
        .slashed("/v2/hooks/config", post("The config that a push is built with", config::show).may_refuse([404]))
        .slashed(
            "/v2/hooks/build",
            post("Deploy what a push was built into", build::deploy).may_refuse([404, 409, 422, 429]),
        )
}

/// A caller with the builder key.
struct Builder;

impl FromRequestParts<State> for Builder {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        let given = parts.headers.get(BUILDER_AUTH).map(HeaderValue::as_bytes);
        if builder_key::is_right(state.settings.builder_key_sha256.as_ref(), given) {
            return Ok(Self);
        }
        Err(access::forbidden())
    }
}

impl Argument for Builder {
    fn describe(operation: &mut Operation) {
        operation.asks_for(Access::Builder);
    }
}

/// The living app of that name.
async fn app(state: &State, name: &str) -> Result<App, Error> {
    let name = AppName::parse(name).map_err(|_| Error::Missing("App"))?;
    db::app::find(&state.pool, &name).await?.ok_or(Error::Missing("App"))
}

/// The user of that name, who has to be active.
async fn user(state: &State, name: &str) -> Result<User, Error> {
    let name = Username::parse(name).map_err(|_| Error::Missing("User"))?;
    let user = db::user::find(&state.pool, name.as_str()).await?;
    user.filter(|user| user.is_active).ok_or(Error::Missing("User"))
}

/// User and app of a push that is allowed. The builder may know that there is such an app: it is told 403, not 404.
async fn pushed(state: &State, push: &HookPush) -> Result<(User, App), Error> {
    let app = app(state, &push.receive_repo).await?;
    let user = user(state, &push.receive_user).await?;
    if !access::relation(&state.pool, &user, &app).await?.may(access::Action::Use) {
        return Err(access::forbidden());
    }
    Ok((user, app))
}
