//! Whoever makes a request, known by a token.

use sqlx::PgExecutor;
use uuid::Uuid;

use super::token;
use crate::{
    db::{
        self,
        audit::Entry,
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
        Entry { username: &self.user.username, app, action, target, request_id: &self.request_id }
    }

    /// The caller with the token in the `Authorization` header of the request.
    pub async fn authenticate(
        executor: impl PgExecutor<'_>,
        header: Option<&str>,
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
        Ok(Self { user, token, request_id })
    }

    /// The same caller as they are now; none when the token is good no more.
    pub async fn again(&self, executor: impl PgExecutor<'_>) -> Result<Option<Self>, sqlx::Error> {
        let bearer = db::token::get(executor, self.token.id).await?.filter(|bearer| bearer.user.is_active);
        let request_id = self.request_id.clone();
        Ok(bearer.map(|Bearer { token, user }| Self { user, token, request_id }))
    }
}
