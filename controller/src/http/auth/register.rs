//! `POST /v2/auth/register`: who may is [`crate::auth::register`]'s to say.

use api::types::{Register, User};
use axum::http::HeaderMap;

use super::super::{
    body::Body,
    extract::{Peer, RequestId, authorization},
    route::Created,
    users::shown,
};
use crate::{
    auth::{
        Caller,
        caller::written,
        register::{Applicant, Policy},
        token,
    },
    error::Error,
    state::State,
};

pub(super) async fn register(
    state: State,
    caller: Result<Caller, Error>,
    peer: Peer,
    RequestId(request_id): RequestId,
    headers: HeaderMap,
    Body(form): Body<Register>,
) -> Result<Created<User>, Error> {
    // Somebody with a wrong token is somebody without one: clients send what they have left from another time.
    let caller = match caller {
        Ok(caller) => Some(caller),
        Err(Error::Unauthorized(_)) => None,
        Err(error) => return Err(error),
    };
    let applicant = Applicant {
        caller: caller.as_ref(),
        token: token::from_header(authorization(&headers)).unwrap_or_default(),
        is_local: peer.is_local,
        address: &written(peer.address),
        request_id: &request_id,
    };
    let policy = Policy { mode: state.settings.registration, bootstrap_sha256: state.settings.bootstrap_token_sha256 };
    let user = policy.register(&state.pool, applicant, &form).await?;
    Ok(Created(shown(user)))
}
