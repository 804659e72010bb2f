//! Clients and instances that are silent, in each phase of a connection.

use std::time::{Duration, Instant};

use router::Timeouts;
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::support::{
    origin::{Origin, Seen},
    raw::{Raw, ask, get, status},
    router::{Router, app},
    within,
};

const SHORT: Duration = Duration::from_millis(300);
/// A phase may last this much longer than its limit: the sweep, and a busy machine.
const SLACK: Duration = Duration::from_secs(5);

/// A router with one route whose timeouts are long, but for what `shorten` does.
fn router(origin: &Origin, shorten: impl FnOnce(&mut Timeouts)) -> Router {
    let address = origin.address;
    Router::with(move |config| {
        config.initial = Some(vec![app(1, "app.example", &[address])]);
        shorten(&mut config.timeouts);
    })
}

/// The connection has to end after [`SHORT`], and not much later; what it brought until then.
async fn ends_in_time(client: &mut Raw) -> String {
    let start = Instant::now();
    let rest = client.rest().await;
    let waited = start.elapsed();
    assert!(waited >= SHORT / 2 && waited < SHORT + SLACK, "it ended after {waited:?}");
    rest
}

#[tokio::test]
async fn a_client_that_says_nothing_is_left() {
    let origin = Origin::echo().await;
    let router = router(&origin, |timeouts| timeouts.first_byte = SHORT);
    assert_eq!(ends_in_time(&mut Raw::connect(router.address).await).await, "");
}

#[tokio::test]
async fn a_head_has_to_be_complete_in_time_however_it_trickles() {
    let origin = Origin::echo().await;
    let router = router(&origin, |timeouts| timeouts.request_head = SHORT);
    let (mut reader, mut writer) = TcpStream::connect(router.address).await.unwrap().into_split();
    let trickle = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let mut pause = tokio::time::interval(SHORT / 6);
        for byte in b"GET / HTTP/1.1\r\nHost: app.example\r\n".iter().chain(std::iter::repeat(&b'x')) {
            pause.tick().await;
            if writer.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    let mut nothing = Vec::new();
    // Closed or reset: the client is still sending.
    let _ended = within("the connection to end", reader.read_to_end(&mut nothing)).await;
    assert!(start.elapsed() < SHORT + SLACK);
    assert_eq!(nothing, b"");
    within("the writer to notice", trickle).await.unwrap();
}

#[tokio::test]
async fn a_body_has_to_go_on() {
    let origin = Origin::echo().await;
    let router = router(&origin, |timeouts| timeouts.request_body = SHORT);
    let mut client = Raw::connect(router.address).await;
    client.send("POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 9\r\n\r\nhel").await;
    ends_in_time(&mut client).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let origin = Origin::echo().await;
    let router = router(&origin, |timeouts| timeouts.keep_alive = SHORT);
    let mut client = Raw::connect(router.address).await;
    client.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    assert_eq!(client.answer().await.0, 200);
    assert_eq!(ends_in_time(&mut client).await, "");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_left() {
    let origin = Origin::serving(|_: std::sync::Arc<Seen>, mut stream| async move {
        use tokio::io::AsyncWriteExt;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let router = router(&origin, |timeouts| timeouts.client_write = SHORT);
    let mut client = Raw::connect(router.address).await;
    client.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    client.head().await;
    within("the router to give up", async { while router.status().await.connections > 0 {} }).await;
}

/// Takes connections, reads, and never answers.
async fn silent() -> Origin {
    Origin::serving(|_, mut stream| async move {
        let _closed = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await
}

#[tokio::test]
async fn an_instance_that_does_not_answer_is_504() {
    let origin = silent().await;
    let router = router(&origin, |timeouts| timeouts.response = SHORT);
    let start = Instant::now();
    let (status, page) = get(router.address, "app.example", "/").await;
    assert_eq!(status, 504);
    assert!(page.contains("did not answer in time"), "{page}");
    assert!(start.elapsed() >= SHORT / 2 && start.elapsed() < SHORT + SLACK);
}

#[tokio::test]
async fn an_answer_that_stops_half_way_ends_the_connection() {
    let origin = Origin::serving(|_, mut stream| async move {
        use tokio::io::AsyncWriteExt;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel").await.unwrap();
        let _closed = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let router = router(&origin, |timeouts| timeouts.response = SHORT);
    let answer = ask(router.address, "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    assert_eq!(status(&answer), 200);
    assert!(answer.ends_with("\r\n\r\nhel"), "{answer}");
}

#[tokio::test]
async fn what_goes_on_slowly_is_not_cut() {
    let origin = Origin::serving(|_, mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let mut head = [0; 1024];
        let _request = stream.read(&mut head).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").await.unwrap();
        let mut pause = tokio::time::interval(SHORT / 3);
        for byte in b"123456789" {
            pause.tick().await;
            stream.write_all(&[*byte]).await.unwrap();
        }
    })
    .await;
    let short =
        Timeouts { first_byte: SHORT, request_head: SHORT, keep_alive: SHORT, response: SHORT, ..Timeouts::default() };
    let router = router(&origin, |timeouts| *timeouts = short);
    let mut client = Raw::connect(router.address).await;
    client.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
    assert_eq!(client.answer().await, (200, "123456789".into()));
}
