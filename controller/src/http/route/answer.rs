//! What it says of an operation that its handler answers something.

use axum::{
    Json,
    http::StatusCode,
    response::{Html, IntoResponse, NoContent, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::Operation;
use crate::error::Error;

/// Something that a handler answers.
pub(in crate::http) trait Answer {
    /// Adds the statuses that it can have, and the shapes of their bodies, as far as the type tells.
    fn describe(operation: &mut Operation);
}

/// 201 and what was made.
pub(in crate::http) struct Created<T>(pub(in crate::http) T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: ToSchema> Answer for Created<T> {
    fn describe(operation: &mut Operation) {
        operation.answers_json::<T>(201);
    }
}

impl<T: ToSchema> Answer for Json<T> {
    fn describe(operation: &mut Operation) {
        operation.answers_json::<T>(200);
    }
}

impl Answer for NoContent {
    fn describe(operation: &mut Operation) {
        operation.answers_nothing(204);
    }
}

impl Answer for &'static str {
    fn describe(operation: &mut Operation) {
        operation.answers_text(200);
    }
}

impl<T> Answer for Html<T> {
    fn describe(operation: &mut Operation) {
        operation.answers_page(200);
    }
}

/// The type tells nothing: the route has to.
impl Answer for StatusCode {
    fn describe(_: &mut Operation) {}
}

impl Answer for Response {
    fn describe(_: &mut Operation) {}
}

/// Which errors there are is said by what the handler takes, and by the route.
impl<T: Answer> Answer for Result<T, Error> {
    fn describe(operation: &mut Operation) {
        T::describe(operation);
    }
}
