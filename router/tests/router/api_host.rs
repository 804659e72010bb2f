//! Requests to the API's own host names.

use std::path::PathBuf;

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixListener,
};

use crate::support::{
    raw::{Raw, ask, header, status},
    router::{Router, app},
};

fn router(socket: PathBuf) -> Router {
    Router::with(move |config| {
        config.api_socket = Some(socket);
        config.api_hosts = vec!["slipway.example".into(), "deis.example".into()];
        config.initial = Some(vec![app(1, "deis.example", &[])]);
    })
}

/// Answers one request on each connection with its own head.
fn mirror(listener: UnixListener) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", head.len());
            stream.write_all(&[answer.as_bytes(), &head].concat()).await.unwrap();
        }
    })
}

#[tokio::test]
async fn the_api_answers_at_its_hosts_whatever_apps_claim() {
    let dir = TempDir::new().unwrap();
    let socket = dir.path().join("api.sock");
    let _mirror = mirror(UnixListener::bind(&socket).unwrap());
    let router = router(socket);
    for host in ["slipway.example", "deis.example"] {
        let mut client = Raw::connect(router.address).await;
        client.send(format!("GET /v2/ HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        let (status, seen) = client.answer().await;
        assert_eq!(status, 200);
        assert_eq!((header(&seen, "host"), header(&seen, "x-slipway-local")), (Some(host), Some("1")), "{seen}");
    }
}

#[tokio::test]
async fn a_page_in_a_browser_is_no_local_caller() {
    let dir = TempDir::new().unwrap();
    let socket = dir.path().join("api.sock");
    let _mirror = mirror(UnixListener::bind(&socket).unwrap());
    let router = router(socket);
    for line in ["Origin: http://evil.example", "X-Forwarded-For: 127.0.0.1", "Via: 1.1 p", "X_Forwarded_Host: x"] {
        let mut client = Raw::connect(router.address).await;
        client.send(format!("POST /v2/ HTTP/1.1\r\nHost: deis.example\r\n{line}\r\nX-Slipway-Local: 1\r\n\r\n")).await;
        assert_eq!(header(&client.answer().await.1, "x-slipway-local"), None, "{line}");
    }
}

#[tokio::test]
async fn without_a_controller_clients_of_the_api_are_told_in_json() {
    let dir = TempDir::new().unwrap();
    let router = router(dir.path().join("api.sock"));
    let answer = ask(router.address, "GET /v2/ HTTP/1.1\r\nHost: deis.example\r\nConnection: close\r\n\r\n").await;
    assert_eq!((status(&answer), header(&answer, "retry-after")), (503, Some("5")));
    assert!(answer.ends_with(r#"{"detail":"The controller cannot be reached at the moment. Try again soon."}"#));
}
