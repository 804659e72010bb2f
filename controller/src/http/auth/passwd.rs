//! `POST /v2/auth/passwd`: one's own password, or for administrators anybody's.

use api::types::{ChangePassword, PasswordChanged};
use axum::Json;

use super::super::{body::Body, extract::Peer};
use crate::{
    auth::{Caller, login, password},
    db::{self, audit, token, user},
    error::Error,
    state::State,
};

pub(super) async fn passwd(
    state: State,
    caller: Caller,
    peer: Peer,
    Body(body): Body<ChangePassword>,
) -> Result<Json<PasswordChanged>, Error> {
    let new = required(body.new_password.as_deref(), "new_password")?;
    let target = super::target(&state, &caller, body.username.as_deref()).await?;
    if !caller.is_admin() {
        let current = required(body.password.as_deref(), "password")?;
        if login::prove(&state.pool, caller.username(), current, peer.address).await?.is_none() {
            return Err(Error::Unauthorized("Current password does not match"));
        }
    }
    let hash = password::hash(new).await?;
    let mut tx = db::begin(&state.pool).await?;
    user::set_password(&mut *tx, target.id, &hash).await?;
    // Whoever else knew the old password is logged in no longer.
    token::revoke_logins(&mut *tx, target.id, Some(caller.token.id)).await?;
    audit::insert(&mut *tx, caller.did("auth:passwd", None, &target.username)).await?;
    db::commit(tx).await?;
    Ok(Json(PasswordChanged { status: "password set".to_owned() }))
}

fn required<'a>(value: Option<&'a str>, name: &str) -> Result<&'a str, Error> {
    value.filter(|text| !text.is_empty()).ok_or_else(|| Error::BadRequest(format!("{name} is a required field")))
}
