//! Whoever makes a request, known by a token.

use std::net::IpAddr;

use sqlx::PgExecutor;
use uuid::Uuid;

use super::token;
use crate::{
    db::{
        self,
        audit::{Entry, Via},
        token::{Bearer, Token},
        user::User,
    },
    error::Error,
};

/// A user who proved who they are.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub user: User,
    /// The token that proved it.
    pub token: Token,
    /// Where from, for audit rows.
    pub address: String,
    /// The request, for log and audit rows.
    pub request_id: String,
}

impl Caller {
    /// The user's name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.user.username
    }

    /// Whether the user may do everything.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.user.is_superuser
    }

    /// The audit row of what the user does with this request: what, to which app, and to what in it.
    #[must_use]
    pub fn did<'a>(&'a self, action: &'a str, app: Option<Uuid>, target: &'a str) -> Entry<'a> {
        Entry { username: &self.user.username, via: self.via(), app, action, target, request_id: &self.request_id }
    }

    /// What the user is known by, for audit rows.
    #[must_use]
    pub fn via(&self) -> Via<'_> {
        Via { kind: self.token.kind.as_str(), token_name: &self.token.name, address: &self.address }
    }

    /// The caller with the token in the `Authorization` header of the request.
    pub async fn authenticate(
        executor: impl PgExecutor<'_>,
        header: Option<&str>,
        address: Option<IpAddr>,
        request_id: String,
    ) -> Result<Self, Error> {
        let Some(shown) = token::from_header(header)? else {
            return Err(Error::Unauthorized("Authentication credentials were not provided."));
        };
        let Some(Bearer { token, user }) = db::token::find(executor, &token::kept_as(shown)).await? else {
            return Err(Error::Unauthorized("Invalid token."));
        };
        if !user.is_active {
            return Err(Error::Unauthorized("User inactive or deleted."));
        }
        Ok(Self { user, token, address: written(address), request_id })
    }

    /// The same caller as they are now; none when the token is good no more.
    pub async fn again(&self, executor: impl PgExecutor<'_>) -> Result<Option<Self>, sqlx::Error> {
        let bearer = db::token::get(executor, self.token.id).await?.filter(|bearer| bearer.user.is_active);
        Ok(bearer.map(|Bearer { token, user }| Self { user, token, ..self.clone() }))
    }
}

/// An address as audit rows have it; none is a caller on this machine.
#[must_use]
pub fn written(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "local".to_owned(), |address| address.to_canonical().to_string())
}
