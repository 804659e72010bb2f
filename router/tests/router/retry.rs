//! Instances that cannot be reached, hang up, or die: who notices, and what is sent twice.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Barrier, watch},
};

use crate::support::{
    origin::{Origin, Seen},
    raw::{Raw, get},
    router::Router,
    until,
};

/// An address where nobody listens.
async fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn another_instance_answers_for_one_that_cannot_be_reached() {
    let origin = Origin::echo().await;
    let router = Router::to(&[nowhere().await, origin.address, nowhere().await]);
    for n in 0..20 {
        let mut client = Raw::connect(router.address).await;
        client.send(format!("POST /{n} HTTP/1.1\r\nHost: app.example\r\nContent-Length: 2\r\n\r\nhi")).await;
        assert_eq!(client.answer().await, (200, format!("POST /{n}\nhi")));
    }
    assert_eq!(origin.seen.count(), 20);
}

#[tokio::test]
async fn when_none_can_be_reached_the_client_is_told() {
    let router = Router::to(&[nowhere().await, nowhere().await]);
    let (status, page) = get(router.address, "app.example", "/").await;
    assert_eq!(status, 502);
    assert!(page.contains("could not be reached"), "{page}");
}

#[tokio::test]
async fn an_instance_that_comes_back_is_used_again() {
    let address = nowhere().await;
    let router = Router::to(&[address]);
    assert_eq!(get(router.address, "app.example", "/").await.0, 502);
    let listener = TcpListener::bind(address).await.unwrap();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        answer_once(stream, "hi").await;
    });
    // It is the last one, so it is not left alone for a while.
    assert_eq!(get(router.address, "app.example", "/").await, (200, "hi".into()));
    serving.await.unwrap();
}

/// Reads one head and answers it. False when the other side had closed.
async fn answer_once(mut stream: TcpStream, body: &str) -> bool {
    read_head(&mut stream).await.is_some() && write_answer(&mut stream, body).await
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

async fn write_answer(stream: &mut TcpStream, body: &str) -> bool {
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await.is_ok()
}

/// Answers the first request of each connection, and hangs up when the second one has come.
async fn hangs_up_at_the_second(seen: Arc<AtomicUsize>, mut stream: TcpStream) {
    if read_head(&mut stream).await.is_some() {
        write_answer(&mut stream, "first").await;
        if read_head(&mut stream).await.is_some() {
            seen.fetch_add(1, SeqCst);
        }
    }
}

#[tokio::test]
async fn a_get_on_a_used_connection_that_closes_without_a_byte_is_sent_once_more() {
    let hung_up = Arc::new(AtomicUsize::new(0));
    let count = hung_up.clone();
    let origin = Origin::serving(move |_, stream| hangs_up_at_the_second(count.clone(), stream)).await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    for _ in 0..10 {
        client.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
        assert_eq!(client.answer().await, (200, "first".into()));
    }
    assert!(hung_up.load(SeqCst) > 0);
}

#[tokio::test]
async fn a_post_never_uses_a_used_connection() {
    let hung_up = Arc::new(AtomicUsize::new(0));
    let count = hung_up.clone();
    let origin = Origin::serving(move |_, stream| hangs_up_at_the_second(count.clone(), stream)).await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    for _ in 0..10 {
        client.send("POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(client.answer().await, (200, "first".into()));
    }
    assert_eq!(hung_up.load(SeqCst), 0);
    assert_eq!(origin.seen.connections.load(SeqCst), 10);
}

/// Reads a request and dies of it.
async fn deadly(heads: &Arc<AtomicUsize>) -> Origin {
    let count = heads.clone();
    Origin::serving(move |_: Arc<Seen>, mut stream: TcpStream| {
        let count = count.clone();
        async move {
            if read_head(&mut stream).await.is_some() {
                count.fetch_add(1, SeqCst);
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_post_whose_answer_does_not_come_is_not_sent_again() {
    let heads = Arc::default();
    let (one, two) = (deadly(&heads).await, deadly(&heads).await);
    let router = Router::to(&[one.address, two.address]);
    let mut client = Raw::connect(router.address).await;
    client.send("POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(client.answer().await.0, 502);
    assert_eq!(heads.load(SeqCst), 1);
}

#[tokio::test]
async fn a_get_whose_instance_dies_is_answered_by_another() {
    let heads = Arc::default();
    let (dying, living) = (deadly(&heads).await, Origin::echo().await);
    let router = Router::to(&[dying.address, living.address]);
    for n in 0..10 {
        let path = format!("/{n}");
        assert_eq!(get(router.address, "app.example", &path).await, (200, format!("GET {path}\n")));
    }
    assert!(heads.load(SeqCst) > 0);
}

#[tokio::test]
async fn a_get_that_kills_two_instances_does_not_reach_a_third() {
    let heads = Arc::default();
    let origins = [deadly(&heads).await, deadly(&heads).await, deadly(&heads).await];
    let router = Router::to(&origins.each_ref().map(|origin| origin.address));
    assert_eq!(get(router.address, "app.example", "/").await.0, 502);
    assert_eq!(heads.load(SeqCst), 2);
}

/// An instance that keeps a hundred connections, and closes them all at once.
#[tokio::test]
async fn a_get_finds_its_way_past_a_hundred_closed_connections() {
    const MANY: usize = 100;
    let together = Arc::new(Barrier::new(MANY));
    let (close, closing) = watch::channel(false);
    let origin = Origin::serving(move |_, mut stream| {
        let (together, mut closing) = (together.clone(), closing.clone());
        async move {
            read_head(&mut stream).await;
            if !*closing.borrow() {
                together.wait().await;
            }
            write_answer(&mut stream, "ok").await;
            let _told = closing.wait_for(|close| *close).await;
        }
    })
    .await;
    let router = Router::to(&[origin.address]);
    let mut clients = Vec::new();
    for _ in 0..=MANY {
        clients.push(Raw::connect(router.address).await);
    }
    let mut last = clients.pop().unwrap();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    }
    for client in &mut clients {
        assert_eq!(client.answer().await.0, 200);
    }
    close.send_replace(true);
    until("all connections to be closed", || close.receiver_count() == 1).await;
    last.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    assert_eq!(last.answer().await.0, 200);
}
