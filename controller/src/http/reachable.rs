//! Changes of what runs need the platform: while it does not answer they are refused at once.

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{
    idempotency::Ticket,
    route::{Argument, Operation},
};
use crate::{error::Error, outage, state::State};

/// The platform answered a moment ago. Stands in the signature of everything that starts or replaces instances.
pub(super) struct Reachable;

impl FromRequestParts<State> for Reachable {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        // What was begun before only hears how it ended, and that stands in the database.
        let is_resumed = parts.extensions.get::<Ticket>().is_some_and(|ticket| ticket.operation().is_some());
        if !is_resumed {
            outage::require_platform(state).await?;
        }
        Ok(Self)
    }
}

impl Argument for Reachable {
    fn describe(operation: &mut Operation) {
        // An engine may refuse to be asked.
        operation.refuses(400);
        operation.refuses(503);
    }
}
