//! An orderly stop: what is under way is finished, and nobody is told to go away in the middle.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{mpsc, watch},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};

use crate::support::{
    origin::Origin,
    pass,
    raw::{Raw, header},
    router::{Router, app},
    until, within,
};

#[tokio::test]
async fn what_is_under_way_is_finished_and_told_to_close() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let mut upload = Raw::connect(router.address).await;
    upload.send("POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 5\r\n\r\nhel").await;
    let mut idle = Raw::connect(router.address).await;
    idle.send("GET /1 HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    assert_eq!(idle.answer().await.0, 200);
    until("the upload to reach the app", || origin.seen.count() == 2).await;

    router.stop();
    assert!(router.status().await.draining);
    // A request on a kept connection is still answered, and told that it was the last one.
    idle.send("GET /2 HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    let head = idle.head().await;
    assert_eq!(header(&head, "connection"), Some("close"));
    assert_eq!(idle.rest().await, "GET /2\n");
    upload.send("lo").await;
    let head = upload.head().await;
    assert_eq!(header(&head, "connection"), Some("close"));
    assert_eq!(upload.rest().await, "POST /\nhello");
    router.stopped().await;
}

#[tokio::test]
async fn silent_connections_do_not_hold_the_router_up() {
    let origin = Origin::echo().await;
    let address = origin.address;
    let router = Router::with(move |config| {
        config.initial = Some(vec![app(1, "app.example", &[address])]);
        config.timeouts.drain_idle = Duration::from_millis(300);
    });
    let mut idle = Raw::connect(router.address).await;
    idle.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    assert_eq!(idle.answer().await.0, 200);
    let _silent = Raw::connect(router.address).await;
    let start = Instant::now();
    router.stopped().await;
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
    assert_eq!(idle.rest().await, "");
}

#[tokio::test]
async fn what_outlasts_the_grace_is_given_up() {
    let origin = Origin::echo().await;
    let address = origin.address;
    let router = Router::with(move |config| {
        config.initial = Some(vec![app(1, "app.example", &[address])]);
        config.timeouts.drain = Duration::from_millis(300);
    });
    let mut upload = Raw::connect(router.address).await;
    upload.send("POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 5\r\n\r\nhel").await;
    until("the upload to reach the app", || origin.seen.count() == 1).await;
    let start = Instant::now();
    router.stopped().await;
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
    assert!(!upload.rest().await.contains(" 200 "));
}

/// A router whose grace is over at once, and a websocket through it.
async fn websocket(origin: SocketAddr) -> (Router, WebSocketStream<TcpStream>) {
    let router = Router::with(move |config| {
        config.initial = Some(vec![app(1, "app.example", &[origin])]);
        config.timeouts.drain = Duration::from_millis(300);
    });
    let stream = TcpStream::connect(router.address).await.unwrap();
    let request = "ws://app.example/ws".into_client_request().unwrap();
    let (socket, _) = within("101", tokio_tungstenite::client_async(request, stream)).await.unwrap();
    (router, socket)
}

fn code(message: Option<Result<Message, Error>>) -> CloseCode {
    match message {
        Some(Ok(Message::Close(Some(frame)))) => frame.code,
        other => panic!("{other:?} is no farewell"),
    }
}

#[tokio::test]
async fn a_websocket_is_told_that_the_server_goes_away_and_says_goodbye_to_the_app() {
    let (ear, mut heard) = mpsc::unbounded_channel();
    let origin = Origin::serving(move |_, stream| {
        let ear = ear.clone();
        async move {
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            while let Some(message) = socket.next().await {
                ear.send(message).unwrap();
            }
        }
    })
    .await;
    let (router, mut socket) = websocket(origin.address).await;
    socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(within("the word", heard.recv()).await.unwrap().unwrap(), Message::text("hello"));
    router.stop();
    assert_eq!(code(within("the farewell", socket.next()).await), CloseCode::Away);
    assert!(within("the end", socket.next()).await.is_none());
    assert_eq!(code(within("the goodbye", heard.recv()).await), CloseCode::Away);
    router.stopped().await;
}

#[tokio::test]
async fn a_frame_that_has_begun_is_finished_before_the_farewell() {
    let (go, going) = watch::channel(false);
    let origin = Origin::serving(move |_, stream| {
        let mut going = going.clone();
        async move {
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            socket.get_mut().write_all(b"\x81\x04he").await.unwrap();
            going.wait_for(|go| *go).await.unwrap();
            socket.get_mut().write_all(b"re\x81\x05never").await.unwrap();
            while let Some(Ok(_)) = socket.next().await {}
        }
    })
    .await;
    let (router, mut socket) = websocket(origin.address).await;
    let start = Instant::now();
    router.stop();
    // Within the half second that the router has for farewells, and after the grace.
    pass(Duration::from_millis(450)).await;
    go.send_replace(true);
    assert_eq!(within("the frame", socket.next()).await.unwrap().unwrap(), Message::text("here"));
    assert_eq!(code(within("the farewell", socket.next()).await), CloseCode::Away);
    router.stopped().await;
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
}

#[tokio::test]
async fn a_client_that_does_not_say_goodbye_does_not_hold_the_router_up() {
    let origin = Origin::serving(|_, stream| async move {
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let (router, socket) = websocket(origin.address).await;
    let start = Instant::now();
    router.stopped().await;
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
    drop(socket);
}
