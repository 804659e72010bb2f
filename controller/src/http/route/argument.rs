//! What it says of an operation that its handler takes something. What is ours says so beside its extraction.

use axum::{
    Extension,
    http::{HeaderMap, Uri},
};

use super::{Document, Operation};
use crate::{auth::Caller, error::Error, state::State};

/// Something that a handler takes.
pub(in crate::http) trait Argument {
    /// Adds what follows from that: who may call, what is sent, what can be refused.
    fn describe(operation: &mut Operation);
}

/// Whoever has it asks the database, which may be away.
impl Argument for State {
    fn describe(operation: &mut Operation) {
        operation.refuses(503);
    }
}

impl Argument for Caller {
    fn describe(operation: &mut Operation) {
        operation.asks_for(super::Access::User);
    }
}

/// Who comes without a token is let in, too.
impl Argument for Result<Caller, Error> {
    fn describe(operation: &mut Operation) {
        Caller::describe(operation);
        operation.asks_for(super::Access::Anybody);
    }
}

/// What a handler reads of these is said where the route is.
impl Argument for Uri {
    fn describe(_: &mut Operation) {}
}

impl Argument for HeaderMap {
    fn describe(_: &mut Operation) {}
}

impl Argument for Extension<Document> {
    fn describe(_: &mut Operation) {}
}
