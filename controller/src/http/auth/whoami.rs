//! `GET /v2/auth/whoami`.

use api::types::User;
use axum::Json;

use super::super::users::shown;
use crate::auth::Caller;

pub(super) async fn whoami(caller: Caller) -> Json<User> {
    Json(shown(caller.user))
}
