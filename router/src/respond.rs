//! The router's own answers: short pages that say what is wrong, for people; the same as JSON on the API's host.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// Seconds after which a client may try again when nothing runs.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// Why a request is not answered by an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The request is malformed or ambiguous; the words say how.
    BadRequest(&'static str),
    /// `CONNECT`: this is no forward proxy.
    Connect,
    /// The address is longer than [`crate::proxy::MAX_URI`].
    UriTooLong,
    /// The connection is for another host.
    Misdirected,
    /// There are as many requests under way as the router holds, or one address may have.
    Busy,
    /// The body is longer than the operator allows.
    BodyTooLarge,
    /// No app has this host name.
    UnknownHost,
    /// The app's owner has said whose requests it takes, and this client's are not among them.
    NotAdmitted,
    /// The app has no healthy instance.
    NothingRunning,
    /// The app's owner has switched it off for now.
    Maintenance,
    /// No instance could be reached, or it broke off.
    BadGateway,
    /// The instance did not answer in time.
    GatewayTimeout,
    /// The controller cannot be reached.
    ApiUnreachable,
}

impl Refusal {
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Connect => StatusCode::METHOD_NOT_ALLOWED,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnknownHost => StatusCode::NOT_FOUND,
            Self::NotAdmitted => StatusCode::FORBIDDEN,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::NothingRunning | Self::Maintenance | Self::ApiUnreachable | Self::Busy => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// The title is Deis's where it had one.
    fn title(self) -> &'static str {
        match self {
            Self::Maintenance => "Site Maintenance",
            other => other.status().canonical_reason().unwrap_or("Error"),
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::BadRequest(how) => how,
            Self::Connect => "This server does not open tunnels.",
            Self::UriTooLong => "The address is too long.",
            Self::BodyTooLarge => "The body of the request is larger than this server takes.",
            Self::Misdirected => "This connection is for another host. Open one for this host.",
            Self::Busy => "Too many requests are under way. Try again soon.",
            Self::UnknownHost => "There is no app at this address.",
            Self::NotAdmitted => "The app takes no requests from your address.",
            Self::NothingRunning => "The app has no running instance at the moment. Try again soon.",
            Self::Maintenance => "The app is down for maintenance. Try again later.",
            Self::BadGateway => "The app did not answer: it closed the connection or could not be reached.",
            Self::GatewayTimeout => "The app did not answer in time.",
            Self::ApiUnreachable => "The controller cannot be reached at the moment. Try again soon.",
        }
    }

    /// After these the connection's bytes can no longer be trusted to mean what they seem to.
    fn closes(self) -> bool {
        matches!(self, Self::BadRequest(_) | Self::Connect | Self::BodyTooLarge)
    }

    /// The whole answer. Never cached: each of these is over sooner or later.
    pub fn response(self, json: bool) -> Response<Bytes> {
        let (kind, body) = if json {
            ("application/json", serde_json::json!({ "detail": self.sentence() }).to_string())
        } else {
            ("text/html; charset=utf-8", self.page())
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        if self.closes() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    fn page(self) -> String {
        let (title, sentence) = (self.title(), self.sentence());
        format!("<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{sentence}</p>\n")
    }
}

/// The same address by https. For good: browsers and search engines may remember it.
pub(crate) fn moved(location: HeaderValue) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"This app is reached by https.\n"));
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::LOCATION, location);
    response
}

/// What load balancers ask for on no particular host.
pub(crate) fn healthy() -> Response<Bytes> {
    Response::new(Bytes::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(response: &Response<Bytes>) -> String {
        let headers: Vec<_> = response.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        format!("{}\n{}\n\n{}", response.status(), headers.join("\n"), String::from_utf8_lossy(response.body()))
    }

    #[test]
    fn a_page_for_people() {
        insta::assert_snapshot!(text(&Refusal::NothingRunning.response(false)), @r#"
        503 Service Unavailable
        content-type: "text/html; charset=utf-8"
        cache-control: "no-store"
        retry-after: "5"

        <!doctype html>
        <title>Service Unavailable</title>
        <h1>Service Unavailable</h1>
        <p>The app has no running instance at the moment. Try again soon.</p>
        "#);
    }

    #[test]
    fn json_for_clients_of_the_api() {
        insta::assert_snapshot!(text(&Refusal::ApiUnreachable.response(true)), @r#"
        503 Service Unavailable
        content-type: "application/json"
        cache-control: "no-store"
        retry-after: "5"

        {"detail":"The controller cannot be reached at the moment. Try again soon."}
        "#);
    }

    #[test]
    fn nothing_follows_a_malformed_request() {
        let response = Refusal::BadRequest("There are two.").response(false);
        assert_eq!(response.headers()[header::CONNECTION], "close");
    }
}
