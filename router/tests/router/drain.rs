//! An orderly stop: what is under way is finished, and nobody is told to go away in the middle.

use std::time::{Duration, Instant};

use crate::support::{
    origin::Origin,
    raw::{Raw, header},
    router::{Router, app},
    until,
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
