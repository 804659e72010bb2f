//! What the operator sets for all apps, as clients and apps meet it.

use std::net::SocketAddr;

use router::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    origin::Origin,
    raw::{ask, header, status},
    router::{Router, app},
    tls::{Authority, certificate, connect, secured},
    within,
};

/// A router with the app `app.example`, which has a certificate, and `plain.example`, which has none.
fn stage(origin: &Origin, settings: &[(&str, &str)]) -> (Router, Authority) {
    let (authority, certificate) = certificate(&["app.example"]);
    let apps = vec![secured(1, &certificate, origin), app(2, "plain.example", &[origin.address])];
    let router = Router::secure(|config| {
        config.initial = Some(apps);
        set(config, settings);
    });
    (router, authority)
}

fn set(config: &mut Config, settings: &[(&str, &str)]) {
    for (name, value) in settings {
        config.set(name, value).unwrap();
    }
}

/// What comes back for this request, in clear text.
async fn plain(address: SocketAddr, host: &str, more: &str) -> String {
    ask(address, format!("GET /a HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n")).await
}

/// What comes back over TLS.
async fn secret(router: &Router, authority: &Authority, path: &str) -> String {
    let mut stream = connect(router.https(), "app.example", authority, &[]).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn hsts_is_said_over_https_alone_and_leads_there() {
    let origin = Origin::echo().await;
    let (router, authority) = stage(&origin, &[("hsts", "true"), ("hsts-preload", "true"), ("hsts-max-age", "1d")]);
    let answer = secret(&router, &authority, "/").await;
    assert_eq!(header(&answer, "strict-transport-security"), Some("max-age=86400; preload"), "{answer}");
    let refused = secret(&router, &authority, &format!("/{}", "a".repeat(9000))).await;
    assert_eq!(status(&refused), 414);
    assert!(header(&refused, "strict-transport-security").is_some(), "{refused}");
    let moved = plain(router.address, "app.example", "").await;
    assert_eq!((status(&moved), header(&moved, "location")), (301, Some("https://app.example/a")));
    assert_eq!(header(&moved, "strict-transport-security"), None);
    // There is nothing at https for this one.
    assert_eq!(status(&plain(router.address, "plain.example", "").await), 200);
}

#[tokio::test]
async fn the_operators_whitelist_stands_beside_those_of_apps() {
    let origin = Origin::echo().await;
    let (router, _) = stage(&origin, &[("default-whitelist", "192.0.2.0/24"), ("trusted-proxies", "127.0.0.1")]);
    let from = async |client: &str| {
        status(&plain(router.address, "plain.example", &format!("X-Forwarded-For: {client}\r\n")).await)
    };
    assert_eq!((from("192.0.2.9").await, from("203.0.113.9").await), (200, 403));
    let (router, _) = stage(&origin, &[("enforce-whitelists", "true")]);
    assert_eq!(status(&plain(router.address, "plain.example", "").await), 403);
}

#[tokio::test]
async fn a_body_is_no_larger_than_it_may_be() {
    let origin = Origin::echo().await;
    let (router, _) = stage(&origin, &[("body-size", "1k")]);
    let post = async |framing: &str, body: &str| {
        let head = format!("POST / HTTP/1.1\r\nHost: plain.example\r\n{framing}\r\nConnection: close\r\n\r\n");
        status(&ask(router.address, head + body).await)
    };
    let (fits, too_long) = ("a".repeat(1024), "a".repeat(1025));
    assert_eq!(post("Content-Length: 1024", &fits).await, 200);
    assert_eq!(post("Content-Length: 1025", &too_long).await, 413);
    assert_eq!(origin.seen.count(), 1, "it was not asked");
    let chunked = |body: &str| format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    assert_eq!(post("Transfer-Encoding: chunked", &chunked(&fits)).await, 200);
    assert_eq!(post("Transfer-Encoding: chunked", &chunked(&too_long)).await, 413);
}

#[tokio::test]
async fn a_balancer_that_speaks_the_proxy_protocol_names_the_client() {
    let origin = Origin::echo().await;
    let (router, authority) = stage(&origin, &[("proxy-protocol", "true"), ("trusted-proxies", "127.0.0.1")]);
    let request = "GET / HTTP/1.1\r\nHost: plain.example\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n";
    let line = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n";
    assert_eq!(status(&ask(router.address, format!("{line}{request}")).await), 200);
    let head = origin.seen.heads().remove(0);
    assert_eq!(header(&head, "x-forwarded-for"), Some("203.0.113.7"), "{head}");
    // Who is to say it and does not is not served.
    assert_eq!(ask(router.address, request).await, "");
    assert!(connect(router.https(), "app.example", &authority, &[]).await.is_err());
    // In front of TLS, too; and who is not trusted says what everybody says.
    let (router, _) = stage(&origin, &[("proxy-protocol", "true")]);
    assert_eq!(status(&ask(router.address, request).await), 200);
    assert_eq!(status(&ask(router.address, format!("{line}{request}")).await), 400);
}

#[tokio::test]
async fn requests_are_told_apart_and_timed() {
    let origin = Origin::echo().await;
    let (router, _) =
        stage(&origin, &[("request-ids", "true"), ("request-start", "true"), ("referrer-policy", "origin")]);
    let answer = plain(router.address, "plain.example", "X-Correlation-Id: mine\r\nX-Request-Start: t=1\r\n").await;
    let head = origin.seen.heads().remove(0);
    let id = header(&head, "x-request-id").unwrap();
    let correlation = format!("mine,{id}");
    assert_eq!(header(&answer, "x-request-id"), Some(id));
    assert_eq!(header(&answer, "x-correlation-id"), Some(correlation.as_str()));
    assert_eq!(header(&head, "x-correlation-id"), Some(correlation.as_str()));
    assert_eq!(header(&answer, "referrer-policy"), Some("origin"));
    let start: u64 = header(&head, "x-request-start").and_then(|text| text.strip_prefix("t=")?.parse().ok()).unwrap();
    assert!(start > 1_700_000_000_000, "{head}");
}

#[tokio::test]
async fn http2_and_old_versions_of_tls_are_the_operators_choice() {
    let origin = Origin::echo().await;
    let (router, authority) = stage(&origin, &[("http2", "false"), ("tls-versions", "TLSv1.3")]);
    let stream = connect(router.https(), "app.example", &authority, &["h2", "http/1.1"]).await.unwrap();
    let (_, connection) = stream.get_ref();
    assert_eq!(connection.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(connection.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn a_default_app_answers_on_hosts_that_nobody_has() {
    let origin = Origin::echo().await;
    let all = vec![app(1, "app.example", &[]), app(2, "plain.example", &[origin.address])];
    let router = Router::with(|config| {
        config.initial = Some(all.clone());
        set(config, &[("default-app", "app2")]);
    });
    for host in ["nobody.example", "192.0.2.1", "plain.example"] {
        assert_eq!(status(&plain(router.address, host, "").await), 200, "{host}");
    }
    // Somebody has this one, although nothing runs there.
    assert_eq!(status(&plain(router.address, "app.example", "").await), 503);
    let health =
        ask(router.address, "GET /healthz HTTP/1.1\r\nHost: nobody.example\r\nConnection: close\r\n\r\n").await;
    assert_eq!((status(&health), origin.seen.count()), (200, 3));
    for name in ["none", "app3"] {
        let router = Router::with(|config| {
            config.initial = Some(all.clone());
            set(config, &[("nginx.defaultAppName", name)]);
        });
        assert_eq!(status(&plain(router.address, "nobody.example", "").await), 404, "{name}");
    }
}
