//! A request on its way to an instance.

use std::{mem, net::IpAddr, sync::Arc};

use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version, header};
use http_body::Body;
use hyper::body::Incoming;
use ipnet::IpNet;

use super::{headers, hop, host::HostName};
use crate::{
    client::Peer,
    upstream::{Bounds, Gauge, Upload},
};

/// A request, as long as it has not been answered.
pub(super) struct Outbound {
    pub host: HostName,
    /// Who asks: the peer, or whom a trusted proxy speaks for.
    pub client: IpAddr,
    request: Request<Option<Incoming>>,
    /// What its body must keep to.
    pub bounds: Bounds,
    /// The client asks to change the protocol, and may.
    pub upgrade: bool,
}

impl Outbound {
    pub fn new(host: HostName, request: Request<Incoming>, peer: &Peer) -> Box<Self> {
        let mut request = request.map(|body| (!body.is_end_stream()).then_some(body));
        // hyper's own, for ways of upgrading that are not used here.
        request.extensions_mut().clear();
        *request.version_mut() = Version::HTTP_11;
        if request.uri().authority().is_some() {
            // The absolute form is for proxies; an app gets the path, and the host where it always is.
            let path = request.uri().path_and_query().cloned();
            *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
        }
        Box::new(Self { host, client: peer.address, request, bounds: Bounds::default(), upgrade: false })
    }

    /// Puts the router's words in the place of the client's. Answers the request's id.
    pub fn prepare_headers(&mut self, peer: &Peer, trusted: &[IpNet], for_api: bool) -> HeaderValue {
        let bare = self.request.body().is_none();
        let headers = self.request.headers_mut();
        let protocol = headers.get(header::UPGRADE).filter(|protocol| bare && is_upgrade(protocol)).cloned();
        let protocol = protocol.filter(|_| hop::wants_upgrade(headers));
        let headers::Known { id, client } = headers::prepare(headers, peer, trusted, for_api);
        self.client = client;
        if let Some(protocol) = protocol {
            self.upgrade = true;
            headers.insert(header::UPGRADE, protocol);
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        }
        id
    }

    /// The headers.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.request.headers_mut()
    }

    /// Whether its body is announced to be longer than it may be.
    pub fn is_too_large(&self) -> bool {
        let announced = self.request.body().as_ref().map_or(0, |body| body.size_hint().lower());
        self.bounds.most.is_some_and(|most| announced > most)
    }

    /// The path alone.
    pub fn path(&self) -> &str {
        self.request.uri().path()
    }

    /// Path and query; that of all of a server is its root.
    pub fn path_and_query(&self) -> &str {
        let path = self.request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        if path.starts_with('/') { path } else { "/" }
    }

    /// Whether it may be sent twice, and therefore over a connection that has been used before. Such a connection may be
    /// closing already, and then nobody knows whether the request was executed.
    pub fn is_repeatable(&self) -> bool {
        self.request.body().is_none() && !self.upgrade && is_idempotent(self.request.method())
    }

    /// The request, to be sent. Nothing is left of it here, until it is [put back](Self::put_back).
    pub fn take_request(&mut self, gauge: &Arc<Gauge>) -> Request<Upload> {
        let request = mem::take(&mut self.request);
        let upload = |body| Upload::new(body, gauge.clone(), self.bounds.clone());
        request.map(|body| body.map_or_else(Upload::none, upload))
    }

    /// The request again, because it could not be sent, or has to be sent once more.
    pub fn put_back(&mut self, request: Request<Upload>) {
        self.request = request.map(Upload::into_body);
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
