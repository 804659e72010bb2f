//! `/v2/users`: everybody, for administrators; and how a user is shown.

use api::{
    names::Username,
    types::{Page, User},
};
use axum::Json;

use super::{
    extract::Admin,
    page::Paging,
    route::{Routes, get},
};
use crate::{db::user, error::Error, state::State};

pub(super) fn router() -> Routes {
    Routes::new().slashed("/v2/users", get("Everybody", list))
}

async fn list(state: State, _: Admin, paging: Paging) -> Result<Json<Page<User>>, Error> {
    let count = user::count(&state.pool).await?;
    let users = user::list(&state.pool, paging.limit, paging.offset).await?;
    Ok(paging.page(count, users.into_iter().map(shown).collect()))
}

/// A user as the API shows it.
pub(super) fn shown(user: user::User) -> User {
    User {
        username: user.username,
        email: user.email,
        first_name: user.first_name,
        last_name: user.last_name,
        is_superuser: user.is_superuser,
        is_staff: user.is_superuser,
        is_active: user.is_active,
        groups: Vec::new(),
        user_permissions: Vec::new(),
        last_login: user.last_login_at.map(Into::into),
        date_joined: user.created_at.into(),
    }
}

/// The user of that name, or the reference's 404.
pub(super) async fn find(state: &State, username: &str) -> Result<user::User, Error> {
    // What cannot be a name need not be looked for.
    let username = Username::parse(username).map_err(|_| Error::Missing("User"))?;
    user::find(&state.pool, username.as_str()).await?.ok_or(Error::Missing("User"))
}
