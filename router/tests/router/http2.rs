//! HTTP/2 to clients, where they want it; to instances it is HTTP/1.1 all the same.

use std::{
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use api::routes::{AppRoutes, HostCertificate};
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response, StatusCode, Version};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use router::{Config, Timeouts};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
};

use crate::support::{
    origin::{Origin, serve},
    pass,
    router::{Router, app},
    tls::{self, Authority, certificate, secured},
    within,
};

type Sent = BoxBody<Bytes, std::convert::Infallible>;

/// A router with the app at `app.example` and at `www.app.example`.
struct Stage {
    router: Router,
    authority: Authority,
}

impl Stage {
    fn with(origin: &Origin, configure: impl FnOnce(&mut Config)) -> Self {
        let (authority, certificate) = certificate(&["app.example", "www.app.example"]);
        let router = Router::secure(|config| {
            config.initial = Some(vec![both_hosts(&certificate, origin), app(2, "other.example", &[origin.address])]);
            configure(config);
        });
        Self { router, authority }
    }

    fn of(origin: &Origin) -> Self {
        Self::with(origin, |_| {})
    }

    async fn connect(&self) -> (SendRequest<Sent>, JoinHandle<hyper::Result<()>>) {
        connect(self.router.https(), &self.authority).await
    }
}

fn both_hosts(certificate: &HostCertificate, origin: &Origin) -> AppRoutes {
    AppRoutes { hosts: certificate.hosts.clone(), ..secured(1, certificate, origin) }
}

async fn connect(address: SocketAddr, trusted: &Authority) -> (SendRequest<Sent>, JoinHandle<hyper::Result<()>>) {
    let stream = tls::connect(address, "app.example", trusted, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(64 * 1024)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    (sender, tokio::spawn(connection))
}

fn nothing() -> Sent {
    Full::default().boxed()
}

fn get(uri: &str) -> Request<Sent> {
    Request::get(uri).body(nothing()).unwrap()
}

async fn ask(sender: &SendRequest<Sent>, request: Request<Sent>) -> hyper::Result<(StatusCode, String)> {
    let response = within("an answer", sender.clone().send_request(request)).await?;
    assert_eq!(response.version(), Version::HTTP_2);
    let status = response.status();
    let body = within("its body", response.into_body().collect()).await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// A body that says something, and then nothing for ever.
struct Unfinished(Option<Bytes>);

impl Body for Unfinished {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        self.0.take().map_or(Poll::Pending, |data| Poll::Ready(Some(Ok(Frame::data(data)))))
    }
}

#[tokio::test]
async fn an_app_hears_of_it_as_if_it_had_come_the_old_way() {
    let origin = Origin::echo().await;
    let stage = Stage::of(&origin);
    let (sender, _connection) = stage.connect().await;
    let request = Request::post("https://app.example/a/b?c=d")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("te", "trailers")
        .header("x-forwarded-for", "6.6.6.6")
        .body(Full::from("something").boxed())
        .unwrap();
    let (status, body) = ask(&sender, request).await.unwrap();
    assert_eq!((status.as_u16(), body.as_str()), (200, "POST /a/b?c=d\nsomething"));
    let head =
        origin.seen.heads()[0].lines().filter(|line| !line.starts_with("x-request-id")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(head, @r"
    POST /a/b?c=d
    cookie: a=1; b=2
    host: app.example
    content-length: 9
    x-forwarded-for: 127.0.0.1
    x-forwarded-proto: https
    x-forwarded-port: 443
    x-forwarded-host: app.example
    ");
}

#[tokio::test]
async fn many_requests_share_a_connection_and_none_gets_the_answer_of_another() {
    let origin = Origin::slow().await;
    let stage = Stage::of(&origin);
    let (sender, _connection) = stage.connect().await;
    let one = async |n: usize| {
        let body = "x".repeat(n * 1000);
        let request = Request::post(format!("https://app.example/{n}")).body(Full::from(body.clone()).boxed()).unwrap();
        assert_eq!(ask(&sender, request).await.unwrap(), (StatusCode::OK, format!("POST /{n}\n{body}")));
    };
    join_all((0..300).map(one)).await;
    assert_eq!(stage.router.status().await.connections, 1);
}

#[tokio::test]
async fn hosts_share_a_connection_only_with_their_certificate() {
    let origin = Origin::echo().await;
    let stage = Stage::of(&origin);
    let (sender, _connection) = stage.connect().await;
    let status = async |uri: &str| ask(&sender, get(uri)).await.unwrap().0.as_u16();
    assert_eq!(status("https://www.app.example/").await, 200);
    assert_eq!(status("https://other.example/").await, 421);
    assert_eq!(status("https://nobody.example/").await, 404);
    let two = Request::get("https://app.example/").header("host", "www.app.example").body(nothing()).unwrap();
    assert_eq!(ask(&sender, two).await.unwrap().0, 400);
    let tunnel = Request::connect("app.example:443").body(nothing()).unwrap();
    assert_eq!(ask(&sender, tunnel).await.unwrap().0, 405);
}

#[tokio::test]
async fn an_orderly_stop_finishes_what_was_begun_and_takes_nothing_more() {
    let origin = Origin::slow().await;
    let stage = Stage::of(&origin);
    let (sender, connection) = stage.connect().await;
    let asked = join_all((0..50).map(|n| ask(&sender, get_number(n))));
    let stop = async {
        crate::support::until("requests under way", || origin.seen.count() > 0).await;
        stage.router.stop();
    };
    let (answers, ()) = tokio::join!(asked, stop);
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap().1, format!("GET /{n}\n"));
    }
    within("the connection to end", connection).await.unwrap().unwrap();
    assert!(sender.is_closed());
    stage.router.stopped().await;
}

fn get_number(n: usize) -> Request<Sent> {
    get(&format!("https://app.example/{n}"))
}

/// Timeouts that a test can wait for.
fn hasty(config: &mut Config) {
    let short = Duration::from_millis(300);
    config.timeouts = Timeouts { request_body: short, client_write: short, keep_alive: short, ..Timeouts::default() };
}

#[tokio::test]
async fn who_does_not_go_on_loses_its_request_and_nothing_else() {
    let origin = Origin::echo().await;
    let stage = Stage::with(&origin, hasty);
    let (sender, _connection) = stage.connect().await;
    let unfinished = Request::post("https://app.example/").body(Unfinished(Some("a".into())).boxed()).unwrap();
    let reset = ask(&sender, unfinished).await.unwrap_err();
    assert!(format!("{reset:?}").contains("CANCEL"), "{reset:?}");
    assert_eq!(ask(&sender, get("https://app.example/")).await.unwrap().0, 200);
}

#[tokio::test]
async fn who_does_not_take_an_answer_loses_it_and_nothing_else() {
    let origin = Origin::serving(|_, stream| async move {
        serve(stream, |request| async move {
            let length = if request.uri().path() == "/large" { 10_000_000 } else { 10 };
            Response::new(Full::from(vec![b'x'; length]))
        })
        .await;
    })
    .await;
    let stage = Stage::with(&origin, hasty);
    let (sender, _connection) = stage.connect().await;
    let large = within("a head", sender.clone().send_request(get("https://app.example/large"))).await.unwrap();
    // What is not read is not acknowledged: no more is sent than fits the window of the stream, longer than the router waits.
    for n in 0..20 {
        pass(Duration::from_millis(50)).await;
        assert_eq!(ask(&sender, get("https://app.example/small")).await.unwrap().1.len(), 10, "{n}");
    }
    let mut body = large.into_body();
    let rest = within("the end", async {
        while let Some(frame) = body.frame().await {
            frame?;
        }
        hyper::Result::Ok(())
    })
    .await;
    assert!(rest.is_err(), "it was cut, and that is told");
}

#[tokio::test]
async fn an_idle_connection_is_told_to_go() {
    let origin = Origin::echo().await;
    let stage = Stage::with(&origin, hasty);
    let (sender, connection) = stage.connect().await;
    assert_eq!(ask(&sender, get("https://app.example/")).await.unwrap().0, 200);
    within("the connection to end", connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_only_breaks_requests_off_is_shown_out() {
    let origin = Origin::serving(|_, stream| async move {
        serve(stream, |_| std::future::pending::<Response<Full<Bytes>>>()).await;
    })
    .await;
    let stage = Stage::of(&origin);
    let (sender, connection) = stage.connect().await;
    within("the connection to end", async {
        while !sender.is_closed() {
            // A request that is dropped is reset.
            let _dropped =
                tokio::time::timeout(Duration::from_millis(5), ask(&sender, get("https://app.example/"))).await;
        }
    })
    .await;
    connection.abort();
    let (other, _connection) = stage.connect().await;
    assert_eq!(ask(&other, get("https://nobody.example/")).await.unwrap().0, 404);
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Headers, each as a literal that is not indexed (RFC 7541, 6.2.2).
fn literals(lines: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    lines.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// What comes back for a request that no honest client can send: the types of the frames that concern it.
async fn raw(stage: &Stage, more: &[(&str, &str)], body: Option<&str>) -> Vec<u8> {
    let mut stream = tls::connect(stage.router.https(), "app.example", &stage.authority, &["h2"]).await.unwrap();
    let mut lines = vec![(":method", "POST"), (":scheme", "https"), (":authority", "app.example"), (":path", "/")];
    lines.extend(more);
    let (settings, flags) = (frame(4, 0, 0, &[]), if body.is_some() { 4 } else { 5 });
    let head = frame(1, flags, 1, &literals(&lines));
    let data = body.map(|text| frame(0, 1, 1, text.as_bytes())).unwrap_or_default();
    let bytes = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..], &head, &data].concat();
    stream.write_all(&bytes).await.unwrap();
    let mut kinds = Vec::new();
    loop {
        let mut head = [0; 9];
        if within("a frame", stream.read_exact(&mut head)).await.is_err() {
            return kinds;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        within("its payload", stream.read_exact(&mut payload)).await.unwrap();
        let (kind, of_stream) = (head[3], head[5..] != [0; 4]);
        if of_stream || kind == 7 {
            kinds.push(kind);
        }
        // The end of a stream, by a flag or a reset; or that of the connection.
        if kind == 7 || (of_stream && (kind == 3 || head[4] & 1 == 1)) {
            return kinds;
        }
    }
}

#[tokio::test]
async fn what_could_be_read_as_two_requests_by_an_app_does_not_reach_it() {
    let origin = Origin::echo().await;
    let stage = Stage::of(&origin);
    let (headers, data, reset, go_away) = (1, 0, 3, 7);
    assert_eq!(raw(&stage, &[], Some("fine")).await, [headers, data]);
    assert_eq!(origin.seen.count(), 1);
    for bad in [
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        ("X-Upper", "case"),
        ("x-line", "end\r\nTransfer-Encoding: chunked"),
        ("x-nul", "a\0b"),
        ("x name", "a"),
        ("x:name", "a"),
        ("content-length", "3"),
        ("content-length", "+4"),
        (":path", "/again"),
        (":status", "200"),
        ("host", "other.example"),
        ("host", "app.example\r\nX-A: b"),
    ] {
        let kinds = raw(&stage, &[bad], Some("fine")).await;
        let answered = kinds.contains(&data);
        assert!(answered || kinds.contains(&reset) || kinds.contains(&go_away), "{bad:?}: {kinds:?}");
    }
    let heads = origin.seen.heads();
    assert_eq!(heads.len(), 1, "{heads:#?}");
}
