//! All SQL, one file a table. Free functions over an executor, called as `db::app::find(...)`.
//!
//! `find` answers an `Option`, `list` a `Vec`: the caller decides whether absence is an error. A constraint becomes a
//! client error at the query that may violate it ([`OnConstraint`]); nothing is looked up first to see whether it
//! is there.

pub mod audit;
pub mod collaborator;
pub mod domain;
pub mod idempotency;
pub mod login_failure;
pub mod settings;
pub mod token;
pub mod user;

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
