//! `POST /v2/auth/tokens/`: revokes login tokens and answers a new one.

use api::types::{RegenerateToken, Regenerated, Token};
use axum::Json;

use super::super::body::Body;
use crate::{
    auth::{Caller, access, login},
    db::{self, audit, token},
    error::Error,
    state::State,
};

pub(super) async fn regenerate(
    state: State,
    caller: Caller,
    Body(body): Body<RegenerateToken>,
) -> Result<Json<Regenerated>, Error> {
    if body.all == Some(true) {
        return revoke_all(&state, &caller).await;
    }
    let target = super::target(&state, &caller, body.username.as_deref()).await?;
    let mut tx = db::begin(&state.pool).await?;
    token::revoke_logins(&mut *tx, target.id, None).await?;
    let token = login::issue(&mut tx, target.id).await?;
    audit::insert(&mut *tx, caller.did("auth:regenerate", None, &target.username)).await?;
    db::commit(tx).await?;
    Ok(Json(Regenerated::Token(Token { token: token.shown })))
}

/// Everybody has to log in again; Deis answers an empty text.
async fn revoke_all(state: &State, caller: &Caller) -> Result<Json<Regenerated>, Error> {
    access::admin(caller)?;
    let mut tx = db::begin(&state.pool).await?;
    token::revoke_all_logins(&mut *tx).await?;
    audit::insert(&mut *tx, caller.did("auth:regenerate", None, "all")).await?;
    db::commit(tx).await?;
    Ok(Json(Regenerated::Nothing(String::new())))
}
