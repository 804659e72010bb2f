//! Too much of something.

use std::{sync::Arc, time::Duration};

use router::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
};

use crate::support::{
    DEADLINE,
    origin::Origin,
    raw::{Raw, ask, status},
    router::{Router, app},
};

#[tokio::test]
async fn heads_that_are_too_large_are_refused_with_the_right_status() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let headers = |n: usize| (0..n).map(|n| format!("X-{n}: y\r\n")).collect::<Vec<_>>().concat();
    for (what, text, code) in [
        ("long address", format!("GET /{} HTTP/1.1\r\nHost: app.example\r\n\r\n", "a".repeat(9000)), 414),
        ("many headers", format!("GET / HTTP/1.1\r\nHost: app.example\r\n{}\r\n", headers(101)), 431),
        ("large head", format!("GET / HTTP/1.1\r\nHost: app.example\r\nX: {}\r\n\r\n", "a".repeat(70_000)), 431),
        ("endless line", format!("GET / HTTP/1.1\r\nHost: app.example\r\nX: {}", "a".repeat(200_000)), 431),
    ] {
        let mut client = Raw::connect(router.address).await;
        client.send(text).await;
        let head = client.head().await;
        assert_eq!(status(&head), code, "{what}: {head}");
    }
    assert_eq!(origin.seen.count(), 0);
    let fine = format!("GET / HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\nX: {}\r\n\r\n", "a".repeat(30_000));
    assert_eq!(status(&ask(router.address, fine).await), 200);
}

#[tokio::test]
async fn a_client_that_uploads_in_vain_gets_its_answer_first() {
    let router = Router::with(|_| {});
    let mut client = Raw::connect(router.address).await;
    client.send("POST / HTTP/1.1\r\nHost: nobody.example\r\nContent-Length: 500000\r\n\r\n").await;
    client.send(vec![b'x'; 500_000]).await;
    assert_eq!(client.answer().await.0, 404);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let origin = Origin::echo().await;
    let address = origin.address;
    let router = Router::with(move |config| {
        config.limits = Limits { connections: 2, ..Limits::default() };
        config.initial = Some(vec![app(1, "app.example", &[address])]);
    });
    let mut first = Raw::connect(router.address).await;
    let mut second = Raw::connect(router.address).await;
    for client in [&mut first, &mut second] {
        client.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
        assert_eq!(client.answer().await.0, 200);
    }
    let mut third = Raw::connect(router.address).await;
    third.send("GET /third HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    first.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    assert_eq!(first.answer().await.0, 200);
    assert_eq!(origin.seen.count(), 3);
    drop(first);
    assert_eq!(third.answer().await, (200, "GET /third\n".into()));
}

/// Bytes of a body that no buffer on the way should hold: more than all sockets on the way take.
const LARGE: usize = 64 << 20;

#[tokio::test]
async fn a_large_body_waits_for_an_instance_that_reads_late() {
    let go = Arc::new(Notify::new());
    let start = go.clone();
    let origin = Origin::serving(move |_, mut stream| {
        let start = start.clone();
        async move {
            start.notified().await;
            // The head is shorter than a kilobyte.
            let mut body = (&mut stream).take(LARGE as u64);
            let read = tokio::io::copy(&mut body, &mut tokio::io::sink()).await.unwrap();
            assert_eq!(read, LARGE as u64);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").await.unwrap();
            let _rest = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
    })
    .await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    client.send(format!("PUT / HTTP/1.1\r\nHost: app.example\r\nContent-Length: {LARGE}\r\n\r\n")).await;
    let sent = push(&mut client, LARGE, Duration::from_millis(500)).await;
    assert!(sent < LARGE / 2, "{sent} bytes went somewhere");
    go.notify_one();
    assert_eq!(push(&mut client, LARGE - sent, DEADLINE).await, LARGE - sent);
    assert_eq!(client.answer().await, (200, "done".into()));
}

/// Sends up to `most` bytes, until they are no longer taken for as long as `patience`.
async fn push(client: &mut Raw, most: usize, patience: Duration) -> usize {
    let chunk = vec![b'x'; 1 << 16];
    let mut sent = 0;
    while sent < most {
        let piece = &chunk[..chunk.len().min(most - sent)];
        match tokio::time::timeout(patience, client.stream.write(piece)).await {
            Ok(written) => sent += written.unwrap(),
            Err(_elapsed) => break,
        }
    }
    sent
}
