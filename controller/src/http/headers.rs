//! Headers that every answer bears, errors and health checks included.

use api::headers::{API_VERSION, API_VERSION_HEADER, PLATFORM_VERSION, PLATFORM_VERSION_HEADER};
use axum::{
    http::{HeaderName, HeaderValue, Method, header},
    response::Response,
};
use tower_http::cors::{Any, CorsLayer};

/// Adds them.
pub(super) async fn stamp(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [(API_VERSION_HEADER, API_VERSION), (PLATFORM_VERSION_HEADER, PLATFORM_VERSION)] {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// Pages of any origin may call: tokens travel in a header that a browser never adds by itself.
pub(super) fn cors() -> CorsLayer {
    let exposed = [API_VERSION_HEADER, PLATFORM_VERSION_HEADER];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers(
            exposed.map(|name| HeaderName::from_bytes(name.as_bytes())).into_iter().flatten().collect::<Vec<_>>(),
        )
}
