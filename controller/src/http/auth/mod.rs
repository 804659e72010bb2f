//! `/v2/auth`: accounts, passwords and tokens.

mod api_tokens;
mod cancel;
mod login;
mod passwd;
mod register;
mod tokens;
mod whoami;

use axum::{
    Router,
    routing::{delete, get, post},
};

use super::Slashed;
use crate::{auth::Caller, auth::access, db::user::User, error::Error, state::State};

pub(super) fn router() -> Router<State> {
    Router::new()
        .slashed("/v2/auth/register", post(register::register))
        .slashed("/v2/auth/whoami", get(whoami::whoami))
        .slashed("/v2/auth/passwd", post(passwd::passwd))
        .slashed("/v2/auth/cancel", delete(cancel::cancel))
        .slashed("/v2/auth/api-tokens/{name}", delete(api_tokens::revoke))
}

/// The routes that answer a token. Deis wants the slash of its own.
pub(super) fn secret_router() -> Router<State> {
    Router::new()
        .route("/v2/auth/login/", post(login::login))
        .route("/v2/auth/tokens/", post(tokens::regenerate))
        .slashed("/v2/auth/api-tokens", get(api_tokens::list).post(api_tokens::create))
}

/// The user that a request of the caller is about: themselves, or for administrators whoever is named.
async fn target(state: &State, caller: &Caller, username: Option<&str>) -> Result<User, Error> {
    match username {
        None => Ok(caller.user.clone()),
        Some(username) if username == caller.username() => Ok(caller.user.clone()),
        Some(username) => {
            access::admin(caller)?;
            super::users::find(state, username).await
        }
    }
}
