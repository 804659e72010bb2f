//! Whose key signs, what its owner may push to, and that one client pushes at a time.
//!
//! An app that does not exist and one that is somebody else's are told of in the same words.

use api::{
    names::{AppName, PublicKey},
    push::{Access, AccessQuestion, KeyOwner, KeyQuestion, Lock, PushRight},
};
use axum::{Json, extract::State as Extract, http::StatusCode};

use crate::{
    auth::access::{self, Action},
    db::{self, app::App, user::User},
    error::Error,
    state::State,
};

/// Most characters of a name that are said back.
const ECHO: usize = 64;

pub(super) async fn owner(
    Extract(state): Extract<State>,
    Json(question): Json<KeyQuestion>,
) -> Result<Json<KeyOwner>, Error> {
    let owner = signer(&state, &question.public).await?.ok_or_else(|| Error::NotFound(UNKNOWN_KEY.to_owned()))?;
    Ok(Json(KeyOwner { username: owner.username }))
}

pub(super) async fn access(
    Extract(state): Extract<State>,
    Json(question): Json<AccessQuestion>,
) -> Result<Json<Access>, Error> {
    let (user, app) = allowed(&state, &question.public, &question.app, question.right).await?;
    Ok(Json(Access { app: app.uuid, username: user.username }))
}

pub(super) async fn lock(Extract(state): Extract<State>, Json(lock): Json<Lock>) -> Result<StatusCode, Error> {
    let app = db::app::id_of(&state.pool, lock.app).await?.ok_or(Error::Missing("App"))?;
    if db::push_lock::take(&state.pool, app, lock.holder).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(db::push::ongoing())
}

pub(super) async fn unlock(Extract(state): Extract<State>, Json(lock): Json<Lock>) -> Result<StatusCode, Error> {
    if let Some(app) = db::app::id_of(&state.pool, lock.app).await? {
        db::push_lock::release(&state.pool, app, lock.holder).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

const UNKNOWN_KEY: &str = "This SSH key belongs to nobody here. Add it with: mycli keys:add";

/// The active user whose key this is.
async fn signer(state: &State, public: &str) -> Result<Option<User>, sqlx::Error> {
    let Ok(key) = PublicKey::parse(public) else { return Ok(None) };
    db::key::find_owner(&state.pool, &key).await
}

/// The key's owner and the app of exactly that name, when the one may do that with the other.
pub(super) async fn allowed(state: &State, public: &str, name: &str, right: PushRight) -> Result<(User, App), Error> {
    let user = signer(state, public).await?.ok_or_else(|| Error::Forbidden(UNKNOWN_KEY.to_owned()))?;
    let refused = || Error::Forbidden(refusal(name, &user.username, right));
    let parsed = AppName::parse(name).map_err(|_| refused())?;
    match access::app(&state.pool, &user, &parsed, Action::Use).await {
        Ok((app, _)) => Ok((user, app)),
        Err(Error::Missing(_) | Error::Forbidden(_)) => Err(refused()),
        Err(error) => Err(error),
    }
}

fn refusal(name: &str, user: &str, right: PushRight) -> String {
    let verb = match right {
        PushRight::Push => "push to",
        PushRight::Fetch => "fetch from",
    };
    let may_be_made = right == PushRight::Push && AppName::parse(name).is_ok();
    let name: String = name.escape_default().take(ECHO).collect();
    let making = if may_be_made { format!(", mycli create {name} makes one") } else { String::new() };
    format!("App {name} does not exist, or {user} may not {verb} it.\nmycli apps lists those that you may use{making}.")
}
