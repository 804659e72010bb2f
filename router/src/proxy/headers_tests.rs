//! What an app gets to see of what a client says.

use super::*;
use crate::listen::Protocol;

fn peer(address: &str, trusted: bool) -> Peer {
    Peer::new(address.parse().unwrap(), Protocol::Http, trusted)
}

/// The headers that reach the app, without the random id.
fn sent(lines: &[(&str, &str)], peer: &Peer, for_api: bool) -> Vec<String> {
    let mut headers = HeaderMap::new();
    for (name, value) in [("host", "app.example:8080")].iter().chain(lines) {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let asked = prepare(&mut headers, peer, &["10.0.0.0/8".parse().unwrap()], for_api);
    assert_eq!(headers[REQUEST_ID], asked.id);
    assert_eq!(headers[FOR], asked.client.to_string());
    headers.remove(REQUEST_ID).filter(|id| id.len() == 32);
    headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

const STRANGER: [&str; 5] = [
    "host: app.example:8080",
    "x-forwarded-for: 203.0.113.7",
    "x-forwarded-proto: http",
    "x-forwarded-port: 80",
    "x-forwarded-host: app.example:8080",
];

#[test]
fn a_strangers_words_about_itself_do_not_arrive() {
    let peer = peer("203.0.113.7:4711", false);
    for (name, value) in [
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-host", "evil"),
        ("x-forwarded-prefix", "/evil"),
        ("x-forwarded-anything", "evil"),
        ("x_forwarded_for", "6.6.6.6"),
        ("x-forwarded_for", "6.6.6.6"),
        ("forwarded", "for=6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
        ("x_real_ip", "6.6.6.6"),
        ("x-request-id", "mine"),
        ("x_request_id", "mine"),
        ("x-slipway-local", "1"),
        ("x_slipway_local", "1"),
        ("x-slipway-anything", "1"),
        ("content_length", "5"),
        ("transfer_encoding", "chunked"),
        ("expect", "100-continue"),
        ("te", "trailers"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("upgrade", "h2c"),
        ("connection", "x-forwarded-for, x-request-id, host"),
    ] {
        assert_eq!(sent(&[(name, value)], &peer, true), STRANGER, "{name}: {value}");
    }
}

#[test]
fn everything_else_arrives() {
    let lines =
        [("accept", "*/*"), ("cookie", "a=1"), ("x_custom", "1"), ("authorization", "token x"), ("via", "1.1 p")];
    let sent = sent(&lines, &peer("203.0.113.7:4711", false), false);
    for (name, value) in lines {
        assert!(sent.contains(&format!("{name}: {value}")), "{name}");
    }
}

#[test]
fn a_trusted_proxy_is_believed_but_for_what_only_the_router_says() {
    let told = [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.7, 10.0.0.9"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-host", "www.example"),
        ("x-slipway-local", "1"),
        ("x_forwarded_for", "6.6.6.6"),
    ];
    insta::assert_snapshot!(sent(&told, &peer("10.0.0.2:4711", true), true).join("\n"), @r"
    host: app.example:8080
    x-forwarded-for: 203.0.113.7
    x-forwarded-proto: https
    x-forwarded-port: 443
    x-forwarded-host: www.example
    ");
}

#[test]
fn nonsense_is_not_believed_even_from_a_trusted_proxy() {
    let told = [
        ("x-forwarded-for", "nobody"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-port", "four"),
        ("x-forwarded-host", "a, b"),
        ("x-request-id", "two words"),
    ];
    insta::assert_snapshot!(sent(&told, &peer("10.0.0.2:4711", true), false).join("\n"), @r"
    host: app.example:8080
    x-forwarded-for: 10.0.0.2
    x-forwarded-proto: http
    x-forwarded-port: 80
    x-forwarded-host: app.example:8080
    ");
}

#[test]
fn a_trusted_proxys_request_id_is_kept() {
    let mut headers = HeaderMap::new();
    headers.insert(REQUEST_ID, HeaderValue::from_static("from-the-load-balancer"));
    assert_eq!(prepare(&mut headers, &peer("10.0.0.2:1", true), &[], false).id, "from-the-load-balancer");
}

#[test]
fn only_a_caller_on_this_machine_that_asks_for_itself_is_local() {
    let local = |lines: &[(&str, &str)], address, for_api| {
        sent(lines, &peer(address, false), for_api).contains(&"x-slipway-local: 1".to_owned())
    };
    assert!(local(&[], "127.0.0.1:4711", true));
    assert!(local(&[], "[::1]:4711", true));
    assert!(local(&[], "[::ffff:127.0.0.1]:4711", true));
    assert!(!local(&[], "127.0.0.1:4711", false), "not the API");
    assert!(!local(&[], "203.0.113.7:4711", true), "not this machine");
    for name in ["origin", "forwarded", "x-forwarded-for", "x-forwarded-host", "x_forwarded_for", "x-real-ip", "via"] {
        assert!(!local(&[(name, "x")], "127.0.0.1:4711", true), "{name}");
    }
}
