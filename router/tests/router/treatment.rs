//! What the owner of one app has the router do otherwise than for all apps.

use std::time::{Duration, Instant};

use api::{routes::AppRoutes, treatment::Treatment};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    origin::Origin,
    raw::{Raw, ask, header, status},
    router::{Router, app},
};

/// Much less than what holds for all apps, and much more than an answer takes.
const SHORT: &str = "300ms";
const NOT_MUCH_LATER: Duration = Duration::from_secs(10);

/// A router with `own.example`, which is treated as `pairs` say, and `usual.example`, both of the same instance.
fn stage(origin: &Origin, pairs: &[(&str, &str)], settings: &[(&str, &str)]) -> Router {
    let treatment = Box::new(Treatment::parse(pairs.iter().copied()).unwrap());
    let own = AppRoutes { treatment, ..app(1, "own.example", &[origin.address]) };
    let usual = app(2, "usual.example", &[origin.address]);
    Router::with(|config| {
        config.initial = Some(vec![own, usual]);
        for (name, value) in settings {
            config.set(name, value).unwrap();
        }
    })
}

async fn answer(router: &Router, host: &str) -> String {
    ask(router.address, format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
}

#[tokio::test]
async fn an_app_has_its_own_time_to_answer() {
    let silent = Origin::serving(|_, stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let router = stage(&silent, &[("tcpTimeout", SHORT)], &[]);
    let begun = Instant::now();
    assert_eq!(status(&answer(&router, "own.example").await), 504);
    assert!(begun.elapsed() < NOT_MUCH_LATER);
    // And may have more than the others.
    let router = stage(&silent, &[("tcpTimeout", "1h")], &[("timeout", SHORT)]);
    let mut patient = Raw::connect(router.address).await;
    patient.send("GET / HTTP/1.1\r\nHost: own.example\r\n\r\n").await;
    assert_eq!(status(&answer(&router, "usual.example").await), 504);
    // Both would have the same answer by now.
    assert!(tokio::time::timeout(Duration::from_secs(1), patient.head()).await.is_err());
}

#[tokio::test]
async fn the_websockets_of_an_app_are_silent_for_as_long_as_it_says() {
    let silent = Origin::serving(|_, mut stream| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: mute\r\n\r\n")
            .await
            .unwrap();
        // Until the other side ends it.
        let _ended = stream.read_u8().await;
    })
    .await;
    let router = stage(&silent, &[("tcpTimeout", SHORT)], &[]);
    let mut client = Raw::connect(router.address).await;
    let begun = Instant::now();
    client.send("GET / HTTP/1.1\r\nHost: own.example\r\nConnection: Upgrade\r\nUpgrade: mute\r\n\r\n").await;
    assert_eq!(status(&client.head().await), 101);
    assert_eq!(client.rest().await, "");
    assert!(begun.elapsed() < NOT_MUCH_LATER);
}

#[tokio::test]
async fn an_app_has_its_own_time_to_accept_a_connection() {
    let origin = Origin::echo().await;
    // Nobody answers there: the address is set aside for documentation.
    let nowhere = "192.0.2.1:80".parse().unwrap();
    let treatment = Box::new(Treatment::parse([("connectTimeout", "50ms")]).unwrap());
    let own = AppRoutes { treatment, ..app(1, "own.example", &[nowhere, origin.address]) };
    let router = Router::with(|config| {
        config.initial = Some(vec![own]);
        config.timeouts.connect = Duration::from_mins(2);
    });
    let begun = Instant::now();
    for _ in 0..2 {
        assert_eq!(status(&answer(&router, "own.example").await), 200);
    }
    assert!(begun.elapsed() < NOT_MUCH_LATER);
}

#[tokio::test]
async fn an_app_says_by_itself_what_is_said_of_referrers() {
    let origin = Origin::echo().await;
    let policy = async |pairs: &[(&str, &str)], settings: &[(&str, &str)], host: &str| {
        let router = stage(&origin, pairs, settings);
        header(&answer(&router, host).await, "referrer-policy").map(str::to_owned)
    };
    let all = &[("referrer-policy", "origin")][..];
    let own = &[("referrerPolicy", "same-origin")][..];
    assert_eq!(policy(own, &[], "own.example").await.as_deref(), Some("same-origin"));
    assert_eq!(policy(own, all, "own.example").await.as_deref(), Some("same-origin"));
    assert_eq!(policy(own, all, "usual.example").await.as_deref(), Some("origin"));
    assert_eq!(policy(&[], all, "own.example").await.as_deref(), Some("origin"));
    assert_eq!(policy(&[("referrerPolicy", "none")], all, "own.example").await, None);
}

#[tokio::test]
async fn an_app_can_go_without_the_time_of_its_requests() {
    let origin = Origin::echo().await;
    let router = stage(&origin, &[("disableRequestStartHeader", "true")], &[("request-start", "true")]);
    for host in ["own.example", "usual.example"] {
        assert_eq!(status(&answer(&router, host).await), 200);
    }
    let told: Vec<_> = origin.seen.heads().iter().map(|head| head.contains("x-request-start: t=")).collect();
    assert_eq!(told, [false, true]);
}
