//! The headers of a request as the app gets them: who asked, how, and for what, in the router's own words.
//!
//! What the client says about that is believed only from a trusted proxy. Everybody else's words go, also when they
//! come in disguise: servers that turn headers into variables read `X_Forwarded_For` as `X-Forwarded-For`.

use std::{
    net::IpAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use api::headers::{LOCAL_CALLER, OWN_PREFIX};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;

use super::{forwarded, hop};
use crate::{client::Peer, listen::Protocol, settings::Settings, shared::Target};

const FORWARDED_PREFIX: &str = "x-forwarded-";
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const REQUEST_START: HeaderName = HeaderName::from_static("x-request-start");

/// Longest value taken over from a trusted proxy.
const MAX_TOLD: usize = 255;

/// Whether the client's own connection is encrypted, as far as that is known.
pub(super) fn is_secure(headers: &HeaderMap, peer: &Peer) -> bool {
    let told = headers.get(PROTO).filter(|proto| peer.trusted && is_scheme(proto));
    let told = told.map(|proto| matches!(proto.as_bytes(), b"https" | b"wss"));
    told.unwrap_or(peer.protocol == Protocol::Https)
}

/// What the router has found out about a request.
pub(super) struct Known {
    pub id: HeaderValue,
    /// Who asks; an IPv4 client by its IPv4 address.
    pub client: IpAddr,
}

/// Makes the headers of a client's request those that are sent on.
pub(super) fn prepare(headers: &mut HeaderMap, peer: &Peer, trusted: &[IpNet], for_api: bool) -> Known {
    let local = for_api && peer.loopback && !speaks_for_another(headers);
    let told = if peer.trusted { Told::take(headers, trusted) } else { Told::default() };
    hop::remove_named(headers);
    remove_unwanted(headers);
    let id = told.id.unwrap_or_else(random_id);
    let protocol = peer.protocol;
    headers.insert(FOR, told.client.and_then(address_value).unwrap_or_else(|| peer.address_text.clone()));
    headers.insert(PROTO, told.proto.unwrap_or_else(|| HeaderValue::from_static(protocol.scheme())));
    headers.insert(PORT, told.port.unwrap_or_else(|| HeaderValue::from_static(protocol.port())));
    headers.insert(REQUEST_ID, id.clone());
    if let Some(host) = told.host.or_else(|| headers.get(header::HOST).cloned()) {
        headers.insert(HOST, host);
    }
    if local && let Ok(name) = HeaderName::from_bytes(LOCAL_CALLER.as_bytes()) {
        headers.insert(name, HeaderValue::from_static("1"));
    }
    Known { id, client: told.client.unwrap_or(peer.address).to_canonical() }
}

/// What apps are told besides, where the operator wants it: when the request came, unless the app declines, and which others it belongs to: what the
/// client said, a comma, and the request's own id, as Deis had it.
pub(super) fn tell_more(
    headers: &mut HeaderMap,
    settings: &Settings,
    target: &Target,
    id: &HeaderValue,
) -> Option<HeaderValue> {
    let declined = target.app().is_some_and(|app| app.treatment.no_request_start());
    if settings.request_start && !declined {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if let Ok(value) = HeaderValue::from_str(&format!("t={}", now.as_millis())) {
            headers.insert(REQUEST_START, value);
        }
    }
    if !settings.request_ids {
        return None;
    }
    let told = headers.get(CORRELATION_ID).filter(|value| value.len() <= MAX_TOLD);
    let told = told.map(|value| [value.as_bytes(), b",", id.as_bytes()].concat());
    let correlation = told.and_then(|value| HeaderValue::from_bytes(&value).ok()).unwrap_or_else(|| id.clone());
    headers.insert(CORRELATION_ID, correlation.clone());
    Some(correlation)
}

/// What a trusted proxy says about the client.
#[derive(Default)]
struct Told {
    client: Option<IpAddr>,
    proto: Option<HeaderValue>,
    port: Option<HeaderValue>,
    host: Option<HeaderValue>,
    id: Option<HeaderValue>,
}

impl Told {
    fn take(headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let value = |name| headers.get(name).filter(|value| is_plain(value)).cloned();
        Self {
            client: forwarded::client(headers.get_all(FOR).iter(), trusted),
            proto: value(PROTO).filter(is_scheme),
            port: value(PORT).filter(|port| port.as_bytes().iter().all(u8::is_ascii_digit)),
            host: value(HOST),
            id: value(REQUEST_ID),
        }
    }
}

/// A scheme that a client can have come by.
fn is_scheme(proto: &HeaderValue) -> bool {
    matches!(proto.as_bytes(), b"http" | b"https" | b"ws" | b"wss")
}

/// One word that can be put into a log line or a header without being read as two.
fn is_plain(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=MAX_TOLD).contains(&bytes.len()) && bytes.iter().all(|b| b.is_ascii_graphic() && *b != b',')
}

/// An address as a header's value; an IPv4 client of an IPv6 socket by its IPv4 address.
pub(crate) fn address_value(address: IpAddr) -> Option<HeaderValue> {
    HeaderValue::from_str(&address.to_canonical().to_string()).ok()
}

/// Whether the one who connected asks on behalf of somebody else: a browser for a page, or a proxy for its client.
fn speaks_for_another(headers: &HeaderMap) -> bool {
    let foreign =
        |name: &HeaderName| matches!(*name, header::ORIGIN | header::VIA) || with_dashes(name, tells_of_the_client);
    headers.keys().any(foreign)
}

/// Removes what belongs to the connection, what only the router may say, and what reads like either.
fn remove_unwanted(headers: &mut HeaderMap) {
    let unwanted: Vec<HeaderName> = headers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}

fn is_unwanted(name: &HeaderName) -> bool {
    let disguised = |name: &str| tells_of_the_client(name) || is_ours(name) || is_framing(name);
    // Answered by the router itself: hyper asks the client to continue once the app wants the body.
    *name == header::EXPECT
        || hop::is_hop_by_hop(name)
        || tells_of_the_client(name.as_str())
        || is_ours(name.as_str())
        || (name.as_str().contains('_') && with_dashes(name, disguised))
}

fn tells_of_the_client(name: &str) -> bool {
    name.starts_with(FORWARDED_PREFIX) || matches!(name, "forwarded" | "x-real-ip")
}

fn is_ours(name: &str) -> bool {
    name.starts_with(OWN_PREFIX) || REQUEST_ID == *name
}

fn is_framing(name: &str) -> bool {
    matches!(name, "content-length" | "transfer-encoding" | "connection" | "host")
}

fn with_dashes(name: &HeaderName, test: impl Fn(&str) -> bool) -> bool {
    let name = name.as_str();
    if name.contains('_') { test(&name.replace('_', "-")) } else { test(name) }
}

/// 128 random bits.
fn random_id() -> HeaderValue {
    let mut text = [0; 32];
    let id: [u8; 16] = rand::random();
    match hex::encode_to_slice(id, &mut text).map(|()| HeaderValue::from_bytes(&text)) {
        Ok(Ok(value)) => value,
        // Cannot be: the buffer fits, and hexadecimal digits make a value.
        Ok(Err(_)) | Err(_) => HeaderValue::from_static("0"),
    }
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
