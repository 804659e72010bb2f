//! Instances that cannot be reached, hang up, or die: who notices, and what is sent twice.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{
    origin::{Origin, Seen},
    raw::{Raw, get},
    router::Router,
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

#[tokio::test]
async fn a_post_whose_answer_does_not_come_is_not_sent_again() {
    let heads = Arc::new(AtomicUsize::new(0));
    let count = heads.clone();
    let hang_up = move |_: Arc<Seen>, mut stream: TcpStream| {
        let count = count.clone();
        async move {
            if read_head(&mut stream).await.is_some() {
                count.fetch_add(1, SeqCst);
            }
        }
    };
    let origin = Origin::serving(hang_up).await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    client.send("POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(client.answer().await.0, 502);
    assert_eq!(heads.load(SeqCst), 1);
}

/// An instance that closes idle connections after 0 to 3 ms, often just when a request has arrived.
async fn closes_idle_at_random(seen: Arc<Seen>, mut stream: TcpStream) {
    while let Some(head) = read_head(&mut stream).await {
        seen.execute(&head);
        if !write_answer(&mut stream, "ok").await {
            return;
        }
        let patience = Duration::from_micros(rand::random_range(0..3000));
        if tokio::time::timeout(patience, stream.peek(&mut [0])).await.is_err() || rand::random_ratio(1, 4) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_closes_idle_connections_costs_nobody_an_answer() {
    let origin = Origin::serving(closes_idle_at_random).await;
    let router = Router::to(&[origin.address]);
    let address = router.address;
    let clients = (0..8).map(|client| {
        tokio::spawn(async move {
            let mut connection = Raw::connect(address).await;
            // As long as connections stay open, on average: every other request meets a closed one.
            let mut pace = tokio::time::interval(Duration::from_micros(1500));
            for n in 0..150 {
                let method = if n % 5 == 0 { "POST" } else { "GET" };
                let id = format!("{client}-{n}");
                connection
                    .send(format!("{method} / HTTP/1.1\r\nHost: app.example\r\nX-Test-Id: {method}-{id}\r\n\r\n"))
                    .await;
                assert_eq!(connection.answer().await, (200, "ok".into()), "{method} {id}");
                pace.tick().await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    for client in 0..8 {
        for n in (0..150).step_by(5) {
            assert_eq!(origin.seen.executed(&format!("POST-{client}-{n}")), 1);
        }
    }
}
