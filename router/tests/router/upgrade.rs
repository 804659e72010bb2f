//! Websockets and other changes of protocol.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use crate::support::{
    origin::{Origin, Seen},
    raw::{Raw, ask, status},
    router::{Router, app},
    within,
};

const ASK: &str = "GET /ws HTTP/1.1\r\nHost: app.example\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n";

async fn echoing_websocket() -> Origin {
    Origin::serving(|_, stream| async move {
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() && socket.send(message).await.is_err() {
                return;
            }
        }
    })
    .await
}

#[tokio::test]
async fn websockets_echo_through_the_router() {
    let origin = echoing_websocket().await;
    let router = Router::to(&[origin.address]);
    let stream = TcpStream::connect(router.address).await.unwrap();
    let request = "ws://app.example/ws".into_client_request().unwrap();
    let (mut socket, _) = within("101", tokio_tungstenite::client_async(request, stream)).await.unwrap();
    for n in 0..100 {
        let text = format!("message {n} {}", "x".repeat(n * 100));
        socket.send(Message::text(&text)).await.unwrap();
        assert_eq!(within("the echo", socket.next()).await.unwrap().unwrap(), Message::text(text));
    }
    socket.close(None).await.unwrap();
    while let Some(Ok(message)) = within("the end", socket.next()).await {
        assert!(message.is_close());
    }
}

/// Reads a head, answers with `answer`, then sends back in capitals whatever comes; keeps what it has read before
/// answering in the list of heads.
async fn shouting(answer: &'static str) -> Origin {
    Origin::serving(move |seen: Arc<Seen>, mut stream: TcpStream| async move {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            text.push(byte);
        }
        seen.heads_mut().push(String::from_utf8(text).unwrap());
        stream.write_all(answer.as_bytes()).await.unwrap();
        if !answer.contains(" 101 ") {
            return;
        }
        let mut buffer = [0; 1024];
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            buffer[..n].make_ascii_uppercase();
            if stream.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    })
    .await
}

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nREADY";

#[tokio::test]
async fn any_protocol_may_be_switched_to_and_early_words_of_the_app_arrive() {
    let origin = shouting(SWITCH).await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    client.send(ASK).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("upgrade: shout\r\n"), "{head}");
    client.until("READY").await;
    client.send("hello").await;
    client.until("HELLO").await;
    let seen = &origin.seen.heads()[0];
    assert!(seen.contains("connection: Upgrade\r\n") && seen.contains("upgrade: shout\r\n"), "{seen}");
}

#[tokio::test]
async fn nothing_after_the_head_reaches_the_app_before_it_agrees() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno";
    let origin = shouting(answer).await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    client.send(format!("{ASK}GET /smuggled HTTP/1.1\r\nHost: app.example\r\n\r\n")).await;
    // A 200 is an ordinary answer, and what follows an ordinary request.
    assert_eq!(client.answer().await, (200, "no".into()));
    assert_eq!(client.answer().await, (200, "no".into()));
    let heads = origin.seen.heads();
    assert_eq!(heads.len(), 2);
    assert!(!heads[0].contains("smuggled"));
    assert!(heads[1].starts_with("GET /smuggled ") && heads[1].contains("x-request-id"), "{}", heads[1]);
}

#[tokio::test]
async fn an_upgrade_nobody_asked_for_is_no_answer() {
    let origin = shouting(SWITCH).await;
    let router = Router::to(&[origin.address]);
    let answer = ask(router.address, "GET / HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&answer), 502);
}

#[tokio::test]
async fn http2_is_not_switched_to() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let text = "GET / HTTP/1.1\r\nHost: app.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
    let mut client = Raw::connect(router.address).await;
    client.send(text).await;
    assert_eq!(client.answer().await.0, 200);
    let head = &origin.seen.heads()[0];
    assert!(!head.contains("upgrade") && !head.contains("http2-settings") && !head.contains("connection"), "{head}");
}

#[tokio::test]
async fn connect_is_refused() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    for text in [
        "CONNECT app.example:80 HTTP/1.1\r\nHost: app.example:80\r\n\r\nGET / HTTP/1.1\r\nHost: app.example\r\n\r\n",
        "CONNECT / HTTP/1.1\r\nHost: app.example\r\n\r\nGET / HTTP/1.1\r\nHost: app.example\r\n\r\n",
    ] {
        let answer = ask(router.address, text).await;
        assert!(matches!(status(&answer), 400 | 405), "{answer}");
        assert_eq!((answer.matches("HTTP/1.").count(), origin.seen.count()), (1, 0), "{answer}");
    }
}

#[tokio::test]
async fn an_open_websocket_counts_as_under_way_and_survives_changes_of_the_table() {
    use crate::support::controller::{Controller, INSTALLATION};
    use api::routes::RouteEvent;
    let origin = shouting(SWITCH).await;
    let dir = tempfile::TempDir::new().unwrap();
    let socket = dir.path().join("internal.sock");
    let opening = vec![
        RouteEvent::Hello { installation: INSTALLATION, epoch: 1, snapshot: true },
        RouteEvent::App { version: 1, app: app(1, "app.example", &[origin.address]) },
        RouteEvent::SnapshotEnd { version: 1, gone: Vec::new() },
    ];
    let controller = Controller::start(&socket, opening);
    let router = Router::with(move |config| config.internal_socket = Some(socket));
    controller.acknowledged("the snapshot", |ack| ack.version == 1).await;
    let mut client = Raw::connect(router.address).await;
    client.send(ASK).await;
    client.until("READY").await;

    controller.send(&RouteEvent::App { version: 2, app: app(1, "app.example", &[]) });
    let instance = format!("app1-web-0-{}", origin.address.port());
    controller.acknowledged("one under way", |ack| ack.in_flight.get(&instance) == Some(&1)).await;
    for version in 3..30 {
        controller.send(&RouteEvent::App { version, app: app(2, "other.example", &[origin.address]) });
        client.send("still here").await;
        client.until("STILL HERE").await;
    }
    drop(client);
    controller.acknowledged("nothing under way", |ack| ack.version == 29 && ack.in_flight.is_empty()).await;
}
