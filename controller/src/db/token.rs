//! Tokens. Only their hashes are here; what a client holds is shown once and never stored.

use api::names::Scope;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::user::User;

/// What a token was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user logged in.
    Login,
    /// A user made it for a program.
    Api,
}

impl Kind {
    fn parse(text: &str) -> Result<Self, sqlx::Error> {
        match text {
            "login" => Ok(Self::Login),
            "api" => Ok(Self::Api),
            other => Err(super::decode(format!("token kind {other:?}"))),
        }
    }

    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Api => "api",
        }
    }
}

/// A token, as far as it says what it is good for.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token's id.
    pub id: i64,
    /// What it was made for.
    pub kind: Kind,
    /// What its owner calls it; empty for a login's.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// The uuids of the apps that it is good for; all when none.
    pub apps: Option<Vec<Uuid>>,
}

/// A token that is good now, and whose it is.
pub struct Bearer {
    /// The token.
    pub token: Token,
    /// Its user.
    pub user: User,
}

struct Row {
    token_id: i64,
    kind: String,
    name: String,
    scopes: Vec<String>,
    app_uuids: Option<Vec<Uuid>>,
    id: i64,
    username: String,
    email: String,
    first_name: String,
    last_name: String,
    is_superuser: bool,
    is_active: bool,
    last_login_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Bearer {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let kind = Kind::parse(&row.kind)?;
        let scopes = match kind {
            Kind::Login => vec![Scope::Global],
            // One that only a newer controller knows lets in nowhere.
            Kind::Api => row.scopes.iter().filter_map(|scope| Scope::parse(scope).ok()).collect(),
        };
        let user = User {
            id: row.id,
            username: row.username,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            is_superuser: row.is_superuser,
            is_active: row.is_active,
            last_login_at: row.last_login_at,
            created_at: row.created_at,
        };
        Ok(Self { token: Token { id: row.token_id, kind, name: row.name, scopes, apps: row.app_uuids }, user })
    }
}

/// Adds a login token.
pub async fn insert_login(executor: impl PgExecutor<'_>, user_id: i64, sha256: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into tokens (uuid, user_id, kind, sha256) values ($1, $2, 'login', $3)",
        Uuid::now_v7(),
        user_id,
        sha256
    )
    .execute(executor)
    .await
    .map(drop)
}

/// The token with that hash, unless it has expired.
pub async fn find(executor: impl PgExecutor<'_>, sha256: &[u8]) -> Result<Option<Bearer>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "select t.id as token_id, t.kind, t.name, t.scopes, t.app_uuids,
            u.id, u.username, u.email, u.first_name, u.last_name, u.is_superuser, u.is_active, u.last_login_at, u.created_at
         from tokens t join users u on u.id = t.user_id
         where t.sha256 = $1 and (t.expires_at is null or t.expires_at > now())",
        sha256
    )
    .fetch_optional(executor)
    .await?;
    row.map(Bearer::try_from).transpose()
}

/// The token with that id, unless it was revoked or has expired.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<Bearer>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "select t.id as token_id, t.kind, t.name, t.scopes, t.app_uuids,
            u.id, u.username, u.email, u.first_name, u.last_name, u.is_superuser, u.is_active, u.last_login_at, u.created_at
         from tokens t join users u on u.id = t.user_id
         where t.id = $1 and (t.expires_at is null or t.expires_at > now())",
        id
    )
    .fetch_optional(executor)
    .await?;
    row.map(Bearer::try_from).transpose()
}

/// Revokes the user's login tokens, all but the one with the id `keep`.
pub async fn revoke_logins(executor: impl PgExecutor<'_>, user_id: i64, keep: Option<i64>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from tokens where user_id = $1 and kind = 'login' and id is distinct from $2", user_id, keep)
        .execute(executor)
        .await
        .map(drop)
}

/// Revokes everybody's login tokens.
pub async fn revoke_all_logins(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from tokens where kind = 'login'").execute(executor).await.map(drop)
}
