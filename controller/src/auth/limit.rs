//! How often a password may be guessed. Only failed tries count, so nobody who knows the password is slowed down by
//! using it often.

use std::net::IpAddr;

use api::names::Username;
use sqlx::PgPool;

use crate::{
    db::{audit, login_failure},
    error::Error,
};

/// Failed tries a minute for one account, from all addresses that it never logged in from together, and from each one
/// that it did.
const PER_ACCOUNT: i64 = 10;
/// Failed tries a minute from one address, for all accounts together.
const PER_ADDRESS: i64 = 50;
const WINDOW_SECONDS: f64 = 60.0;

/// One try to log in.
#[derive(Clone, Debug)]
pub struct Attempt {
    username: String,
    address: String,
}

impl Attempt {
    /// A try for `username` from `address`; none is a caller on this machine.
    #[must_use]
    pub fn new(username: &str, address: Option<IpAddr>) -> Self {
        // What cannot be a name shares one count: nobody is shut out by it, and it cannot fill the table.
        let username = Username::parse(username).map_or_else(|_| "?".to_owned(), String::from);
        Self { username, address: neighbourhood(address) }
    }

    /// Refuses the try when too many before it have failed.
    pub async fn check(&self, pool: &PgPool) -> Result<(), Error> {
        refuse_above(pool, &self.everybody_there(), PER_ADDRESS).await?;
        refuse_above(pool, &self.pair(), PER_ACCOUNT).await?;
        // Guessing from everywhere must not lock the user out of the places where they work.
        if audit::logged_in_from(pool, &self.username, &self.address).await? {
            return Ok(());
        }
        refuse_above(pool, &self.account(), PER_ACCOUNT).await
    }

    /// Notes that the try has failed.
    pub async fn failed(&self, pool: &PgPool) -> Result<(), Error> {
        let subjects = [self.account(), self.everybody_there(), self.pair()];
        login_failure::insert(pool, &subjects).await?;
        Ok(())
    }

    fn account(&self) -> String {
        format!("user {}", self.username)
    }

    fn everybody_there(&self) -> String {
        format!("address {}", self.address)
    }

    fn pair(&self) -> String {
        format!("user {} address {}", self.username, self.address)
    }
}

/// Where a try comes from, as far as limits tell addresses apart: the address, or for IPv6 its /64, all of which
/// everybody there has.
#[must_use]
pub fn neighbourhood(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "local".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

async fn refuse_above(pool: &PgPool, subject: &str, limit: i64) -> Result<(), Error> {
    let recent = login_failure::recent(pool, subject, WINDOW_SECONDS).await?;
    if recent.count < limit {
        return Ok(());
    }
    // At least one second: a client that is told to come back at once does.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the window")]
    let retry_after = recent.oldest_leaves_in.ceil().clamp(1.0, WINDOW_SECONDS) as u32;
    let detail = format!("Too many failed logins. Try again in {retry_after} seconds.");
    Err(Error::TooMany { detail, retry_after })
}

#[cfg(test)]
mod tests {
    use super::neighbourhood;

    #[test]
    fn addresses_are_told_apart() {
        for (given, seen) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(neighbourhood(Some(given.parse().unwrap())), seen);
        }
        assert_eq!(neighbourhood(None), "local");
    }
}
