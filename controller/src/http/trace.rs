//! One id and one span a request. What is logged: method, path, user, status, time; never a header, query or body.

use std::time::Instant;

use api::headers::REQUEST_ID;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

/// Asked every few seconds; worth a line only when the answer is bad.
const PROBES: [&str; 2] = ["/healthz", "/readiness"];

/// Runs the request in its span. The router names each request; one that came past it is named here.
pub(super) async fn span(mut request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).cloned().unwrap_or_else(new_id);
    let shown = id.to_str().unwrap_or_default();
    let span = tracing::info_span!("request", id = shown, method = %request.method(), path = request.uri().path(), user = Empty);
    set_id(request.headers_mut(), id.clone());
    let is_probe = PROBES.contains(&request.uri().path());
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    if !(is_probe && response.status().is_success()) {
        tracing::info!(parent: &span, status = response.status().as_u16(), milliseconds, "answered");
    }
    set_id(response.headers_mut(), id);
    response
}

fn set_id(headers: &mut HeaderMap, id: HeaderValue) {
    if let Ok(name) = HeaderName::from_bytes(REQUEST_ID.as_bytes()) {
        headers.insert(name, id);
    }
}

fn new_id() -> HeaderValue {
    HeaderValue::from_str(&Uuid::now_v7().to_string()).unwrap_or(HeaderValue::from_static(""))
}
