//! From user name and password to a token.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
};

use api::names::Username;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Mutex;

use super::{
    caller::written,
    limit::{Attempt, neighbourhood},
    password,
    token::NewToken,
};
use crate::{
    db::{self, audit},
    error::Error,
};

/// Tries of one account go one by one, so that many at once are not all let through by a limit that none has reached.
static TURNS: [Mutex<()>; 64] = [const { Mutex::const_new(()) }; 64];

/// Whoever tries to log in.
pub struct Login<'a> {
    /// User name as typed.
    pub username: &'a str,
    /// Password as typed.
    pub password: &'a str,
    /// Where it comes from; none is this machine.
    pub address: Option<IpAddr>,
    /// The request, for the audit row.
    pub request_id: &'a str,
}

impl Login<'_> {
    /// A new token when user name and password are right. Tokens made before stay valid.
    pub async fn token(&self, pool: &PgPool) -> Result<NewToken, Error> {
        let Some(user_id) = prove(pool, self.username, self.password, self.address).await? else {
            return Err(Error::field("non_field_errors", "Unable to log in with provided credentials."));
        };
        let entry = audit::Entry {
            username: self.username,
            via: audit::Via { kind: "password", token_name: "", address: &written(self.address) },
            app: None,
            action: audit::LOGIN,
            target: &neighbourhood(self.address),
            request_id: self.request_id,
        };
        let mut tx = db::begin(pool).await?;
        db::user::touch_login(&mut *tx, user_id).await?;
        let token = issue(&mut tx, user_id).await?;
        audit::insert(&mut *tx, entry).await?;
        db::commit(tx).await?;
        Ok(token)
    }
}

/// The id of the active user whose password this is. A wrong one counts, and too many are refused unseen.
pub async fn prove(
    pool: &PgPool,
    username: &str,
    password: &str,
    address: Option<IpAddr>,
) -> Result<Option<i64>, Error> {
    let _turn = turn(username).lock().await;
    let attempt = Attempt::new(username, address);
    attempt.check(pool).await?;
    let found = match Username::parse(username) {
        Ok(username) => db::user::find_login(pool, username.as_str()).await?,
        Err(_) => None,
    };
    let user_id = found.as_ref().filter(|user| user.is_active).map(|user| user.id);
    let right = password::verify(password, found.map(|user| user.password_hash)).await?;
    let proven = user_id.filter(|_| right);
    if proven.is_none() {
        attempt.failed(pool).await?;
    }
    Ok(proven)
}

/// A new login token for the user.
pub async fn issue(connection: &mut PgConnection, user_id: i64) -> Result<NewToken, Error> {
    let token = NewToken::generate();
    db::token::insert_login(connection, user_id, &token.sha256).await?;
    Ok(token)
}

fn turn(username: &str) -> &'static Mutex<()> {
    let mut hasher = DefaultHasher::new();
    username.hash(&mut hasher);
    let count = TURNS.len();
    &TURNS[usize::try_from(hasher.finish()).unwrap_or_default() % count]
}
