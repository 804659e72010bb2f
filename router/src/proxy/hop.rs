//! Headers that belong to one connection and are not passed on (RFC 9110, 7.6.1).

use http::{HeaderMap, HeaderName, HeaderValue, header};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Whether a header always belongs to the connection. `Transfer-Encoding` is one, too, but says how to read a body:
/// whoever knows the body decides about it.
pub(super) fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(*name, header::CONNECTION | header::TE | header::UPGRADE)
        || *name == KEEP_ALIVE
        || *name == PROXY_CONNECTION
}

/// Removes the headers that `Connection` names. To be done before the router adds any, so that none of its own can be
/// named away; those that say where a message goes and where it ends stay in any case.
pub(super) fn remove_named(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CONNECTION) {
        return;
    }
    let named: Vec<HeaderName> = headers.get_all(header::CONNECTION).iter().flat_map(tokens).collect();
    for name in named {
        if !matches!(name, header::HOST | header::CONTENT_LENGTH | header::TRANSFER_ENCODING) {
            headers.remove(name);
        }
    }
}

fn tokens(value: &HeaderValue) -> impl Iterator<Item = HeaderName> {
    let parts = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let options = |part: &&[u8]| [&b"keep-alive"[..], b"close"].iter().any(|known| part.eq_ignore_ascii_case(known));
    parts.filter(move |part| !options(part)).filter_map(|part| HeaderName::from_bytes(part).ok())
}

/// Whether a request asks, for its connection, to change to another protocol.
pub(super) fn wants_upgrade(headers: &HeaderMap) -> bool {
    let named = |value: &HeaderValue| tokens(value).any(|token| token == header::UPGRADE);
    headers.contains_key(header::UPGRADE) && headers.get_all(header::CONNECTION).iter().any(named)
}

/// Removes from an answer what belongs to the connection it came over.
pub(super) fn strip_response(headers: &mut HeaderMap) {
    // Looking at the few names there are costs less than looking for each that might be.
    if !headers.keys().any(belongs_to_connection) {
        return;
    }
    remove_named(headers);
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, KEEP_ALIVE, PROXY_CONNECTION] {
        headers.remove(name);
    }
}

fn belongs_to_connection(name: &HeaderName) -> bool {
    is_hop_by_hop(name) || *name == header::TRANSFER_ENCODING
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn connection_names_what_goes_but_not_where_a_message_goes_and_ends() {
        let mut map = headers(&[
            ("connection", "close, X-One , host"),
            ("connection", "x-two, content-length"),
            ("host", "a"),
            ("content-length", "0"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("x-three", "3"),
        ]);
        remove_named(&mut map);
        let left: Vec<_> = map.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["connection", "host", "content-length", "x-three"]);
    }

    #[test]
    fn an_upgrade_is_named_by_connection() {
        assert!(wants_upgrade(&headers(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")])));
        assert!(!wants_upgrade(&headers(&[("upgrade", "websocket")])));
        assert!(!wants_upgrade(&headers(&[("connection", "upgrade")])));
    }

    #[test]
    fn an_answer_loses_only_what_belongs_to_its_connection() {
        let mut map = headers(&[
            ("connection", "keep-alive, x-hop"),
            ("keep-alive", "timeout=5"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("server", "app"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ]);
        strip_response(&mut map);
        let left: Vec<_> = map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        assert_eq!(left, ["server: app", "set-cookie: a=1", "set-cookie: b=2"]);
    }
}
