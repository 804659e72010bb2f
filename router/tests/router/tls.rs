//! TLS: every host with its own certificate, new ones at once, and apps that want nothing else.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use api::routes::{AppRoutes, HostCertificate, RouteEvent};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{SinkExt, StreamExt};
use router::{HttpsPort, PlatformCertificate};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use crate::support::{
    controller::{Controller, INSTALLATION},
    origin::Origin,
    pass,
    raw::{Raw, ask, header, status},
    router::{Router, app},
    tls::{Authority, certificate, connect, secured},
    within,
};

/// `GET /` at `host` on a connection of its own.
async fn get(address: SocketAddr, host: &str, trusted: &Authority) -> std::io::Result<u16> {
    let mut stream = connect(address, host, trusted, &[]).await?;
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer)).await?;
    Ok(status(&answer))
}

#[tokio::test]
async fn every_host_has_its_own_certificate() {
    let origin = Origin::echo().await;
    let ((one, first), (other, second)) = (certificate(&["one.example"]), certificate(&["*.other.example"]));
    let apps = vec![secured(1, &first, &origin), secured(2, &second, &origin), app(3, "plain.example", &[])];
    let router = Router::secure(|config| config.initial = Some(apps));
    assert_eq!(get(router.https(), "one.example", &one).await.unwrap(), 200);
    assert_eq!(get(router.https(), "a.other.example", &other).await.unwrap(), 200);
    let head = &origin.seen.heads()[0];
    assert_eq!(header(head, "x-forwarded-proto"), Some("https"), "{head}");
    assert_eq!(header(head, "x-forwarded-port"), Some("443"), "{head}");

    // Nobody gets the certificate of somebody else.
    for host in ["plain.example", "unknown.example", "other.example", "127.0.0.1"] {
        let refused = connect(router.https(), host, &one, &[]).await.unwrap_err().to_string();
        assert!(refused.contains("received fatal alert"), "{host}: {refused}");
    }
    // Nor does who speaks no TLS stop the others.
    ask(router.https(), "GET / HTTP/1.1\r\nHost: one.example\r\n\r\n").await;
    let mut silent = Raw::connect(router.https()).await;
    silent.send([22, 3, 1]).await;
    assert_eq!(get(router.https(), "one.example", &one).await.unwrap(), 200);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_concerns_its_own_hosts_alone() {
    let origin = Origin::echo().await;
    let ((one, first), (_, mut second)) = (certificate(&["one.example"]), certificate(&["two.example"]));
    second.pair.as_mut().unwrap().key = STANDARD.encode("no key");
    let (_, keyless) = certificate(&["three.example"]);
    let apps = vec![
        secured(1, &first, &origin),
        secured(2, &second, &origin),
        secured(3, &HostCertificate { pair: None, ..keyless }, &origin),
    ];
    let router = Router::secure(|config| config.initial = Some(apps));
    assert_eq!(get(router.https(), "one.example", &one).await.unwrap(), 200);
    for host in ["two.example", "three.example"] {
        assert!(connect(router.https(), host, &one, &[]).await.is_err(), "{host}");
        let plain = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&ask(router.address, plain).await), 200, "{host}");
    }
}

#[tokio::test]
async fn a_new_certificate_is_served_at_once_and_breaks_no_connection() {
    let (origin, dir) = (Origin::echo().await, TempDir::new().unwrap());
    let ((old, first), (new, second)) = (certificate(&["app.example"]), certificate(&["app.example"]));
    let opening = vec![
        RouteEvent::Hello { installation: INSTALLATION, epoch: 1, snapshot: true },
        RouteEvent::App { version: 1, app: secured(1, &first, &origin) },
        RouteEvent::SnapshotEnd { version: 1, gone: Vec::new() },
    ];
    let socket = dir.path().join("internal.sock");
    let controller = Controller::start(&socket, opening);
    let router = Router::secure(|config| config.internal_socket = Some(socket));
    controller.acknowledged("the snapshot", |ack| ack.version == 1).await;
    let mut open = connect(router.https(), "app.example", &old, &[]).await.unwrap();

    controller.send(&RouteEvent::App { version: 2, app: secured(1, &second, &origin) });
    controller.acknowledged("the new certificate", |ack| ack.version == 2).await;
    assert_eq!(get(router.https(), "app.example", &new).await.unwrap(), 200);
    assert!(connect(router.https(), "app.example", &old, &[]).await.is_err());
    open.write_all(b"GET / HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    within("the answer", open.read_to_string(&mut answer)).await.unwrap();
    assert_eq!(status(&answer), 200);

    controller.send(&RouteEvent::App { version: 3, app: app(1, "app.example", &[origin.address]) });
    controller.acknowledged("the end of it", |ack| ack.version == 3).await;
    assert!(connect(router.https(), "app.example", &new, &[]).await.is_err());
}

#[tokio::test]
async fn websockets_work_over_tls() {
    let origin = Origin::serving(|_, stream| async move {
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() && socket.send(message).await.is_err() {
                return;
            }
        }
    })
    .await;
    let (trusted, certificate) = certificate(&["app.example"]);
    let app = secured(1, &certificate, &origin);
    let router = Router::secure(|config| config.initial = Some(vec![app]));
    let stream = connect(router.https(), "app.example", &trusted, &[]).await.unwrap();
    let request = "wss://app.example/".into_client_request().unwrap();
    let (mut socket, _) = Box::pin(within("101", tokio_tungstenite::client_async(request, stream))).await.unwrap();
    for n in 0..20 {
        let text = "x".repeat(n * 1000 + 1);
        socket.send(Message::text(&text)).await.unwrap();
        assert_eq!(within("the echo", socket.next()).await.unwrap().unwrap(), Message::text(text));
    }
}

#[tokio::test]
async fn apps_that_want_https_send_plain_requests_on() {
    let origin = Origin::echo().await;
    let (trusted, certificate) = certificate(&["app.example"]);
    let strict = AppRoutes { https_enforced: true, ..secured(1, &certificate, &origin) };
    let router = Router::secure(|config| {
        config.initial = Some(vec![strict]);
        config.https_port = HttpsPort(8443);
        config.trusted_proxies = vec!["127.0.0.2/32".parse().unwrap()];
    });
    let plain = async |path: &str, more: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: App.example:80\r\n{more}Connection: close\r\n\r\n");
        ask(router.address, request).await
    };
    let moved = plain("/a/b?c=d", "").await;
    assert_eq!(status(&moved), 301, "{moved}");
    assert_eq!(header(&moved, "location"), Some("https://app.example:8443/a/b?c=d"));
    // Whoever is not trusted may say what they like.
    assert_eq!(status(&plain("/", "X-Forwarded-Proto: https\r\n").await), 301);
    assert_eq!(origin.seen.count(), 0);
    // Authorities ask in clear text, before there is a certificate.
    assert_eq!(status(&plain("/.well-known/acme-challenge/x", "").await), 200);
    assert_eq!(get(router.https(), "app.example", &trusted).await.unwrap(), 200);
}

#[tokio::test]
async fn a_proxy_that_is_trusted_tells_what_its_client_spoke() {
    let origin = Origin::echo().await;
    let strict = AppRoutes { https_enforced: true, ..app(1, "app.example", &[origin.address]) };
    let router = Router::with(|config| {
        config.initial = Some(vec![strict]);
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    let told = async |proto: &str| {
        let head = format!("GET / HTTP/1.1\r\nHost: app.example\r\nX-Forwarded-Proto: {proto}\r\n");
        ask(router.address, format!("{head}Connection: close\r\n\r\n")).await
    };
    assert_eq!(status(&told("https").await), 200);
    let moved = told("http").await;
    assert_eq!((status(&moved), header(&moved, "location")), (301, Some("https://app.example/")));
}

async fn eventually(what: &str, check: impl AsyncFn() -> bool) {
    within(what, async {
        while !check().await {
            pass(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// A certificate for `host` as a platform keeps it, by an authority that is nobody else's.
fn platform_file(path: &Path, host: &str) -> Authority {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    fs::write(path, made.cert.pem() + &made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

#[tokio::test]
async fn who_has_no_certificate_below_the_platforms_domain_is_served_with_the_platforms() {
    let (folder, origin) = (TempDir::new().unwrap(), Origin::echo().await);
    let (file, domain) = (folder.path().join("platform.pem"), "apps.example".to_owned());
    let (own, certificate) = certificate(&["own.apps.example"]);
    let router = Router::secure(|config| {
        let foreign = app(3, "www.example", &[origin.address]);
        config.initial =
            Some(vec![app(1, "blog.apps.example", &[origin.address]), secured(2, &certificate, &origin), foreign]);
        config.platform_certificate =
            Some(PlatformCertificate { domain, file: file.clone(), look: Duration::from_millis(20) });
    });
    let https = router.https();
    let served = async |host: &str, trusted: &Authority| get(https, host, trusted).await.ok();
    let platforms = platform_file(&file, "*.apps.example");
    eventually("the platform's certificate is served", async || {
        served("blog.apps.example", &platforms).await == Some(200)
    })
    .await;
    assert_eq!(served("nobody.apps.example", &platforms).await, Some(404));
    assert_eq!(served("own.apps.example", &own).await, Some(200), "its own comes first");
    assert_eq!(served("own.apps.example", &platforms).await, None);
    assert_eq!(served("www.example", &platforms).await, None, "it is not below");
    fs::write(&file, "no certificate").unwrap();
    let renewed = folder.path().join("renewed.pem");
    let anew = platform_file(&renewed, "*.apps.example");
    assert_eq!(served("blog.apps.example", &platforms).await, Some(200), "what cannot be used changes nothing");
    fs::rename(&renewed, &file).unwrap();
    eventually("the new one is served", async || served("blog.apps.example", &anew).await == Some(200)).await;
    router.stop();
    router.stopped().await;
}
