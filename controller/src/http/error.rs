//! Errors as clients see them: the one place that renders [`Error`], and the answers to what no route is for.

use axum::{
    Json,
    http::{HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use crate::error::Error;

/// What a URL of no route is answered with; Deis's framework had a page, not JSON, and its client shows it as it is.
const NOT_FOUND: &str = "<!doctype html>\n<html lang=\"en\">\n<head><title>Not Found</title></head>\n<body>\n\
                         <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n</body>\n</html>\n";

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        log(&self);
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body())).into_response();
        if matches!(self, Self::Unauthorized(_)) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Token"));
        }
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Internals go to the log, and nowhere else.
fn log(error: &Error) {
    match error {
        Error::Internal(source) => tracing::error!(error = format!("{source:#}"), "a request failed"),
        Error::Unavailable { detail, source } => tracing::warn!(error = format!("{source:#}"), "{detail}"),
        _ => {}
    }
}

/// The page for a URL that no route is for.
pub(super) async fn page_not_found() -> Response {
    (StatusCode::NOT_FOUND, Html(NOT_FOUND)).into_response()
}

/// The answer to a method that a route does not have.
pub(super) async fn method_not_allowed(method: Method) -> Response {
    let body = api::error::ErrorBody::detail(format!("Method \"{method}\" not allowed."));
    (StatusCode::METHOD_NOT_ALLOWED, Json(body)).into_response()
}

/// The answer when a handler panicked; the panic itself is in the log already.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Error::Internal(anyhow::anyhow!("a handler panicked")).into_response()
}
