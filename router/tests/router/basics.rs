//! Requests by host name, and the router's own answers.

use api::{
    names::PathPattern,
    routes::{AppRoutes, PathRoute},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    origin::Origin,
    raw::{self, Raw, ask, get, header},
    router::{Router, app},
};

#[tokio::test]
async fn a_request_reaches_the_app_of_its_host_name() {
    let (one, two) = (Origin::echo().await, Origin::echo().await);
    let router = Router::with(|config| {
        config.initial = Some(vec![app(1, "one.example", &[one.address]), app(2, "*.two.example", &[two.address])]);
    });
    assert_eq!(get(router.address, "one.example", "/a?b=c").await, (200, "GET /a?b=c\n".into()));
    assert_eq!(get(router.address, "x.TWO.example:8080", "/").await, (200, "GET /\n".into()));
    assert_eq!((one.seen.count(), two.seen.count()), (1, 1));
}

#[tokio::test]
async fn some_paths_of_an_app_reach_others_of_its_instances() {
    let (web, api) = (Origin::echo().await, Origin::echo().await);
    let router = Router::with(|config| {
        let route = |pattern, origins: &[_]| PathRoute {
            pattern: PathPattern::parse(pattern).unwrap(),
            endpoints: app(2, "", origins).endpoints,
        };
        let paths = vec![route("/api,= /ping", &[api.address]), route("^~ /none", &[])];
        config.initial = Some(vec![AppRoutes { paths, ..app(1, "app.example", &[web.address]) }]);
    });
    for (path, status) in
        [("/", 200), ("/api/v1?x=/", 200), ("/x?y=/api", 200), ("/%61pi", 200), ("/ping", 200), ("/none", 503)]
    {
        assert_eq!(get(router.address, "app.example", path).await.0, status, "{path}");
    }
    let paths = |origin: &Origin| -> Vec<_> {
        origin.seen.heads().iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(paths(&web), ["GET /", "GET /x?y=/api"]);
    assert_eq!(paths(&api), ["GET /api/v1?x=/", "GET /%61pi", "GET /ping"], "as the client wrote them");
}

#[tokio::test]
async fn the_app_is_told_who_asked() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let text =
        "GET / HTTP/1.1\r\nHost: app.example\r\nX-Forwarded-For: 6.6.6.6\r\nUser-Agent: x\r\nConnection: close\r\n\r\n";
    ask(router.address, text).await;
    let head = &origin.seen.heads()[0];
    let (head, id) = head.split_once("x-request-id: ").unwrap();
    let (_, rest) = id.split_once('\n').unwrap();
    insta::assert_snapshot!(format!("{head}{rest}"), @r"
    GET /
    host: app.example
    user-agent: x
    x-forwarded-for: 127.0.0.1
    x-forwarded-proto: http
    x-forwarded-port: 80
    x-forwarded-host: app.example
    ");
}

#[tokio::test]
async fn unknown_hosts_get_404_and_load_balancers_their_health() {
    let router = Router::with(|_| {});
    let (status, page) = get(router.address, "nobody.example", "/").await;
    assert_eq!(status, 404);
    insta::assert_snapshot!(page, @r"
    <!doctype html>
    <title>Not Found</title>
    <h1>Not Found</h1>
    <p>There is no app at this address.</p>
    ");
    assert_eq!(get(router.address, "nobody.example", "/healthz").await, (200, String::new()));
    let old = ask(router.address, "GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 OK\r\n"), "{old}");
}

#[tokio::test]
async fn an_app_without_instances_or_in_maintenance_says_so() {
    let origin = Origin::echo().await;
    let mut closed = app(2, "closed.example", &[origin.address]);
    closed.maintenance = true;
    let router = Router::with(|config| config.initial = Some(vec![app(1, "empty.example", &[]), closed]));
    let answer = ask(router.address, "GET / HTTP/1.1\r\nHost: empty.example\r\nConnection: close\r\n\r\n").await;
    assert_eq!(raw::status(&answer), 503);
    assert_eq!(header(&answer, "retry-after"), Some("5"));
    assert!(answer.contains("no running instance"), "{answer}");
    let (status, page) = get(router.address, "closed.example", "/").await;
    assert_eq!(status, 503);
    assert!(page.contains("<title>Site Maintenance</title>"), "{page}");
    // The app's own /healthz is the app's.
    assert_eq!(get(router.address, "empty.example", "/healthz").await.0, 503);
}

#[tokio::test]
async fn an_app_takes_the_requests_of_its_whitelist_only() {
    let origin = Origin::echo().await;
    let mut listed = app(1, "listed.example", &[origin.address]);
    listed.whitelist = vec!["127.0.0.0/8".parse().unwrap(), "203.0.113.7/32".parse().unwrap()];
    let mut other = app(2, "other.example", &[origin.address]);
    other.whitelist = vec!["203.0.113.0/24".parse().unwrap()];
    let both = vec![listed, other];
    let router = Router::with(|config| config.initial = Some(both.clone()));
    assert_eq!(get(router.address, "listed.example", "/").await.0, 200);
    // Nobody but a trusted proxy says who asks.
    let text = "GET / HTTP/1.1\r\nHost: other.example\r\nX-Forwarded-For: 203.0.113.7\r\nConnection: close\r\n\r\n";
    let refused = ask(router.address, text).await;
    assert_eq!(raw::status(&refused), 403);
    assert!(refused.ends_with("<p>The app takes no requests from your address.</p>\n"), "{refused}");

    let trusting = Router::with(|config| {
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.initial = Some(both);
    });
    for (host, client, status) in [
        ("other.example", "203.0.113.7", 200),
        ("other.example", "198.51.100.1, 203.0.113.9", 200),
        ("other.example", "203.0.113.7, 198.51.100.1", 403),
        ("listed.example", "198.51.100.1", 403),
        ("listed.example", "203.0.113.7", 200),
        ("other.example", "nonsense", 403),
    ] {
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: {client}\r\nConnection: close\r\n\r\n");
        assert_eq!(raw::status(&ask(trusting.address, text).await), status, "{client} at {host}");
    }
}

#[tokio::test]
async fn who_is_not_on_the_whitelist_learns_nothing_else() {
    let mut closed = app(1, "closed.example", &[]);
    closed.whitelist = vec!["203.0.113.7/32".parse().unwrap()];
    closed.maintenance = true;
    let router = Router::with(|config| config.initial = Some(vec![closed]));
    assert_eq!(get(router.address, "closed.example", "/").await.0, 403);
}

#[tokio::test]
async fn many_requests_share_one_connection_on_both_sides() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    for n in 0..50 {
        client.send(format!("GET /{n} HTTP/1.1\r\nHost: app.example\r\n\r\n")).await;
        assert_eq!(client.answer().await, (200, format!("GET /{n}\n")));
    }
    assert_eq!(origin.seen.connections.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    let one = |n: usize| format!("POST /{n} HTTP/1.1\r\nHost: app.example\r\nContent-Length: 2\r\n\r\n{n:02}");
    client.send((0..20).map(one).collect::<String>()).await;
    for n in 0..20 {
        assert_eq!(client.answer().await, (200, format!("POST /{n}\n{n:02}")));
    }
}

#[tokio::test]
async fn bodies_arrive_whole_whatever_their_framing() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    for (head, body) in [
        ("POST / HTTP/1.1\r\nContent-Length: 5", "hello"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked", "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
        ("DELETE / HTTP/1.1\r\nContent-Length: 5", "hello"),
        ("POST / HTTP/1.0\r\nContent-Length: 5", "hello"),
    ] {
        let answer =
            ask(router.address, format!("{head}\r\nHost: app.example\r\nConnection: close\r\n\r\n{body}")).await;
        assert!(answer.ends_with("/\nhello"), "{head}: {answer}");
    }
    for head in origin.seen.heads() {
        let framings = head.lines().filter(|l| l.starts_with("content-length") || l.starts_with("transfer-encoding"));
        assert_eq!(framings.count(), 1, "{head}");
    }
}

#[tokio::test]
async fn head_requests_keep_the_length_of_what_they_do_not_get() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    for _ in 0..2 {
        client.send("HEAD /abc HTTP/1.1\r\nHost: app.example\r\n\r\n").await;
        assert_eq!(header(&client.head().await, "content-length"), Some("10"));
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_continue() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    client.send("POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello").await;
    assert_eq!(client.answer().await, (200, "POST /\nhello".into()));
    assert!(!origin.seen.heads()[0].contains("expect"));
}

#[tokio::test]
async fn old_clients_get_old_answers() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    let answer = ask(router.address, "GET / HTTP/1.0\r\nHost: app.example\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("GET /\n"), "{answer}");
}

/// An app that answers while it is still being asked.
async fn parrot() -> Origin {
    Origin::serving(|_, mut stream| async move {
        while !read_until_blank(&mut stream).await.is_empty() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n").await.unwrap();
            let mut letters = [0; 50];
            for letter in &mut letters {
                *letter = stream.read_u8().await.unwrap();
                stream.write_all(&[letter.to_ascii_uppercase()]).await.unwrap();
            }
        }
    })
    .await
}

async fn read_until_blank(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_closed) => return Vec::new(),
        }
    }
    head
}

#[tokio::test]
async fn bodies_stream_both_ways_at_once() {
    let origin = parrot().await;
    let router = Router::to(&[origin.address]);
    let mut client = Raw::connect(router.address).await;
    for _ in 0..2 {
        client.send("POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 50\r\n\r\n").await;
        client.head().await;
        for _ in 0..10 {
            client.send("hello").await;
            client.until("HELLO").await;
        }
    }
}
