//! `POST /v2/auth/login/`: a new token; those made before stay valid.

use std::collections::BTreeMap;

use api::types::{Credentials, Token};
use axum::Json;

use super::super::{
    body::Body,
    extract::{Peer, RequestId},
};
use crate::{auth::login::Login, error::Error, state::State};

pub(super) async fn login(
    state: State,
    peer: Peer,
    RequestId(request_id): RequestId,
    Body(body): Body<Credentials>,
) -> Result<Json<Token>, Error> {
    check(&body)?;
    let login =
        Login { username: &body.username, password: &body.password, address: peer.address, request_id: &request_id };
    let token = login.token(&state.pool).await?;
    Ok(Json(Token { token: token.shown }))
}

fn check(body: &Credentials) -> Result<(), Error> {
    let fields = [("username", &body.username), ("password", &body.password)];
    let blank = fields.into_iter().filter(|(_, text)| text.is_empty());
    let wrong: BTreeMap<_, _> =
        blank.map(|(name, _)| (name.to_owned(), vec!["This field may not be blank.".to_owned()])).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::Fields(wrong)) }
}
