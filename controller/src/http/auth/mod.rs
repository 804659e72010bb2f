//! `/v2/auth`: accounts, passwords and tokens.

mod api_tokens;
mod cancel;
mod login;
mod passwd;
mod register;
mod tokens;
mod whoami;

use super::route::{Routes, delete, get, post};
use crate::{auth::Caller, auth::access, db::user::User, error::Error, state::State};

pub(super) fn router() -> Routes {
    Routes::new()
        .slashed("/v2/auth/register", post("Make an account", register::register))
        .slashed("/v2/auth/whoami", get("Who one is", whoami::whoami))
        .slashed("/v2/auth/passwd", post("Change a password", passwd::passwd).may_refuse([404, 429]))
        .slashed("/v2/auth/cancel", delete("End an account", cancel::cancel).may_refuse([404, 409]))
        .slashed("/v2/auth/api-tokens/{name}", delete("Revoke an API token", api_tokens::revoke))
}

/// The routes that answer a token. Deis wants the slash of its own.
pub(super) fn secret_router() -> Routes {
    Routes::new()
        .route("/v2/auth/login/", post("Log in", login::login).may_refuse([429]))
        .route("/v2/auth/tokens/", post("Revoke login tokens, and get a new one", tokens::regenerate).may_refuse([404]))
        .slashed(
            "/v2/auth/api-tokens",
            get("API tokens", api_tokens::list).post("Make an API token", api_tokens::create),
        )
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
