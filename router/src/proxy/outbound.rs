//! A request on its way to an instance.

use std::sync::Arc;

use http::{HeaderValue, Method, Request, Uri, Version, header, request::Parts};
use http_body::Body;
use hyper::body::Incoming;
use ipnet::IpNet;

use super::{headers, hop};
use crate::{
    client::Peer,
    upstream::{Gauge, Upload},
};

/// A request, as long as it has not been sent.
pub(super) struct Outbound {
    parts: Parts,
    body: Option<Incoming>,
    /// The client asks to change the protocol, and may.
    pub upgrade: bool,
}

impl Outbound {
    pub fn new(request: Request<Incoming>) -> Self {
        let (mut parts, body) = request.into_parts();
        // hyper's own, for ways of upgrading that are not used here.
        parts.extensions.clear();
        parts.version = Version::HTTP_11;
        if parts.uri.authority().is_some() {
            // The absolute form is for proxies; an app gets the path, and the host where it always is.
            parts.uri = parts.uri.path_and_query().cloned().map_or_else(|| Uri::from_static("/"), Uri::from);
        }
        let body = (!body.is_end_stream()).then_some(body);
        Self { parts, body, upgrade: false }
    }

    /// Puts the router's words in the place of the client's. Answers the request's id.
    pub fn prepare_headers(&mut self, peer: &Peer, trusted: &[IpNet], for_api: bool) -> HeaderValue {
        let headers = &mut self.parts.headers;
        let protocol = headers.get(header::UPGRADE).filter(|protocol| is_upgrade(protocol)).cloned();
        let protocol = protocol.filter(|_| self.body.is_none() && hop::wants_upgrade(headers));
        let id = headers::prepare(headers, peer, trusted, for_api);
        if let Some(protocol) = protocol {
            self.upgrade = true;
            headers.insert(header::UPGRADE, protocol);
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        }
        id
    }

    /// Whether it may be sent over a connection that has been used before. Such a connection may be closing already,
    /// and then nobody knows whether the request was executed: only one that may be sent twice can bear that.
    pub fn may_reuse(&self) -> bool {
        self.body.is_none() && !self.upgrade && is_idempotent(&self.parts.method)
    }

    /// The same request again. Only for one that [may be sent twice](Self::may_reuse).
    pub fn copy(&self) -> Self {
        Self { parts: self.parts.clone(), body: None, upgrade: self.upgrade }
    }

    pub fn into_request(self, gauge: &Arc<Gauge>) -> Request<Upload> {
        let upload = self.body.map_or_else(Upload::none, |body| Upload::new(body, gauge.clone()));
        Request::from_parts(self.parts, upload)
    }

    /// The request again after it could not be sent.
    pub fn unsent(request: Request<Upload>, upgrade: bool) -> Self {
        let (parts, upload) = request.into_parts();
        Self { parts, body: upload.into_body(), upgrade }
    }
}

/// HTTP/2 over an upgraded connection would carry further requests past all that is checked here.
fn is_upgrade(protocol: &HeaderValue) -> bool {
    let text = protocol.as_bytes().to_ascii_lowercase();
    !text.is_empty() && !text.contains(&b',') && !text.starts_with(b"h2") && !text.starts_with(b"http/")
}

fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_protocol_but_http_may_be_upgraded_to() {
        for (protocol, allowed) in
            [("websocket", true), ("WebSocket", true), ("tcp", true), ("h2c", false), ("HTTP/2.0", false), ("", false)]
        {
            assert_eq!(is_upgrade(&HeaderValue::from_static(protocol)), allowed, "{protocol}");
        }
        assert!(!is_upgrade(&HeaderValue::from_static("websocket, h2c")));
    }
}
