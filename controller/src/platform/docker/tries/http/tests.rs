//! Probes of a small server on loopback, plain and encrypted.

use std::sync::Arc;

use api::types::HttpGetAction;
use chrono::Utc;
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use super::get;
use crate::platform::{
    InstanceId,
    health::{Checks, Life},
};

/// What a probe of a server that answers `answer` finds, and the request that it sent.
async fn probe(action: &str, answer: &'static str, tls: Option<TlsAcceptor>) -> (Result<(), String>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, mut requests) = mpsc::channel(1);
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        match tls {
            Some(tls) => serve(tls.accept(stream).await.unwrap(), answer, seen).await,
            None => serve(stream, answer, seen).await,
        }
    });
    let mut action: HttpGetAction = serde_json::from_str(action).unwrap();
    action.port = address.port();
    let life = Life {
        app: Uuid::nil(),
        id: InstanceId(String::new()),
        address: Some(address.ip()),
        started_at: Utc::now(),
        checks: Checks::default(),
    };
    let found = get(&life, &action).await;
    let request = requests.recv().await.unwrap();
    server.await.unwrap();
    (found, request.replace(&address.port().to_string(), "<port>"))
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str, seen: mpsc::Sender<String>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    seen.send(String::from_utf8(request).unwrap()).await.unwrap();
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

fn acceptor() -> TlsAcceptor {
    let own = rcgen::generate_simple_self_signed(["probe.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![own.cert.der().clone()], key).unwrap()).into()
}

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn sends_what_the_probe_says() {
    let action = r#"{"port": 1, "path": "healthz", "host": "blog.example",
        "httpHeaders": [{"name": "X-Probe", "value": "yes"}]}"#;
    let (found, request) = probe(action, OK, None).await;
    assert_eq!(found, Ok(()));
    insta::assert_snapshot!(request.replace('\r', ""), @r"
    GET /healthz HTTP/1.1
    user-agent: slipway-probe
    host: blog.example
    x-probe: yes
    ");
    let (_, request) = probe(r#"{"port": 1}"#, OK, None).await;
    assert!(request.contains("host: 127.0.0.1:<port>\r\n"), "{request}");
}

#[tokio::test]
async fn takes_200_to_399() {
    for (status, healthy) in [("200 OK", true), ("302 Found", true), ("404 Not Found", false), ("503 Busy", false)] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").leak();
        let (found, _) = probe(r#"{"port": 1}"#, answer, None).await;
        assert_eq!(found.is_ok(), healthy, "{status}: {found:?}");
    }
}

#[tokio::test]
async fn speaks_tls_with_who_signs_for_itself() {
    let (found, request) = probe(r#"{"port": 1, "scheme": "HTTPS"}"#, OK, Some(acceptor())).await;
    assert_eq!(found, Ok(()));
    assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn what_is_no_http_fails() {
    let (found, _) = probe(r#"{"port": 1}"#, "220 mail ready\r\n", None).await;
    assert!(found.unwrap_err().contains(" failed: "));
}
