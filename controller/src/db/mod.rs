//! All SQL, one file a table. Free functions over an executor, called as `db::app::find(...)`.
//!
//! `find` answers an `Option`, `list` a `Vec`: the caller decides whether absence is an error. A constraint becomes a
//! client error at the query that may violate it ([`OnConstraint`]); nothing is looked up first to see whether it
//! is there.

pub mod api_token;
pub mod app;
pub mod audit;
pub mod backup;
pub mod build;
pub mod certificate;
pub mod collaborator;
pub mod config;
pub mod deploy_hook;
pub mod domain;
pub mod drain;
pub mod drain_sender;
pub mod event;
pub mod idempotency;
pub mod installation;
pub mod instance;
pub mod key;
pub mod lease;
pub mod login_failure;
pub mod network;
pub mod operation;
pub mod push;
pub mod push_history;
pub mod push_lock;
pub mod push_queue;
pub mod release;
pub mod route;
pub mod router;
pub mod run;
pub mod service;
pub mod settings;
pub mod signal;
pub mod token;
mod transaction;
pub mod user;

pub use self::transaction::{begin, commit};
use crate::error::Error;

/// Turns the violation of a named constraint into a client error.
pub trait OnConstraint<T> {
    /// When the database refused because of `constraint`, the error is what `client_error` makes.
    fn on_constraint(self, constraint: &str, client_error: impl FnOnce() -> Error) -> Result<T, Error>;
}

impl<T> OnConstraint<T> for Result<T, sqlx::Error> {
    fn on_constraint(self, constraint: &str, client_error: impl FnOnce() -> Error) -> Result<T, Error> {
        self.map_err(|error| match &error {
            sqlx::Error::Database(database) if database.constraint() == Some(constraint) => client_error(),
            _ => Error::from(error),
        })
    }
}

/// The database's clock, which times in rows are compared with.
pub async fn now(executor: impl sqlx::PgExecutor<'_>) -> Result<chrono::DateTime<chrono::Utc>, sqlx::Error> {
    sqlx::query_scalar!(r#"select now() as "now!""#).fetch_one(executor).await
}

/// A row that cannot be what it says.
fn decode(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

/// Reads an address or network that the database wrote as text.
fn parse<T: std::str::FromStr>(text: &str) -> Result<T, sqlx::Error>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(decode)
}
