//! Hooks and what they hear, on a real database: a receiver that takes down what comes, and answers as it is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State as Extract,
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use reqwest::StatusCode;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, rustls};

use super::*;
use crate::{
    db::app::App,
    hook::{HookKey, Hooks},
    state::Settings,
    worker::tests::Story,
};

const KEY: &str = "my_secret_key";

/// What came.
#[derive(Clone, Debug)]
struct Heard {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Heard {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A receiver of hooks.
#[derive(Clone)]
struct Receiver {
    address: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

impl Receiver {
    /// Answers so, one after another, and 200 from then on.
    async fn answering(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answers = answers.iter().map(|status| StatusCode::from_u16(*status).unwrap()).collect();
        let this = Self {
            address: listener.local_addr().unwrap().to_string(),
            heard: Arc::default(),
            answers: Arc::new(Mutex::new(answers)),
        };
        let router = Router::new().fallback(hear).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    fn url(&self) -> String {
        format!("http://{}/deis", self.address)
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.heard().iter().map(|heard| format!("{} {}", heard.method, heard.uri)).collect()
    }
}

async fn hear(
    Extract(receiver): Extract<Receiver>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    receiver.heard.lock().unwrap().push(Heard { method, uri, headers, body });
    let status = receiver.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::OK);
    (status, [("location", "/elsewhere")]).into_response()
}

fn settings(urls: &[String], key: Option<&str>) -> Settings {
    let urls = urls.iter().map(|url| url.parse().unwrap());
    Settings { deploy_hooks: Hooks::new(urls, key.and_then(HookKey::parse)), ..Settings::default() }
}

async fn story(pool: PgPool, urls: &[String]) -> Story {
    Story::with_settings(pool, settings(urls, Some(KEY))).await
}

async fn waiting(state: &State) -> i64 {
    sqlx::query_scalar("select count(*) from deploy_hooks").fetch_one(&state.pool).await.unwrap()
}

/// Tells all that is to be told, without the pauses.
async fn tell_all(story: &Story) {
    let (state, client) = (&story.state, client().unwrap());
    while waiting(state).await > 0 {
        sqlx::query("update deploy_hooks set due_at = now()").execute(&state.pool).await.unwrap();
        for hook in state.settings.deploy_hooks.urls() {
            while tell_next(state, &client, hook).await.unwrap() {}
        }
    }
}

/// What the app's log says of hooks.
async fn log(story: &Story, app: &App) -> String {
    let events = db::event::last(&story.state.pool, app.id, 100).await.unwrap();
    let lines = events.iter().filter(|event| event.text.contains("ploy hook"));
    lines.map(|event| format!("{} {}", event.level, event.text)).collect::<Vec<_>>().join("\n")
}

fn without(text: &str, receiver: &Receiver) -> String {
    text.replace(&receiver.address, "RECEIVER")
}

#[sqlx::test(migrations = "../migrations")]
async fn every_release_is_told_of_as_deis_did(pool: PgPool) {
    let receiver = Receiver::answering(&[]).await;
    let story = story(pool, &[receiver.url()]).await;
    let telling = tokio::spawn(run(story.state.clone(), story.stop.clone()));
    let app = story.app_named("blog").await;
    story.deploy(&app, "web:1").await.unwrap();
    story.set(&app, "A", "1").await.unwrap();
    story.deploy(&app, "crash:1").await.unwrap_err();
    story.eventually("everything is told", async || waiting(&story.state).await == 0).await;
    insta::assert_snapshot!(receiver.lines().join("\n"), @r"
    POST /deis?app=blog&release=v1&release_summary=ana+created+initial+release&sha=&user=ana
    POST /deis?app=blog&release=v2&release_summary=ana+deployed+web%3A1&sha=&user=ana
    POST /deis?app=blog&release=v3&release_summary=ana+added+A&sha=&user=ana
    POST /deis?app=blog&release=v4&release_summary=ana+deployed+crash%3A1&sha=&user=ana
    ");
    insta::assert_snapshot!(without(&log(&story, &app).await, &receiver), @r"
    INFO Deploy hook sent to http://RECEIVER/deis
    INFO Deploy hook sent to http://RECEIVER/deis
    INFO Deploy hook sent to http://RECEIVER/deis
    INFO Deploy hook sent to http://RECEIVER/deis
    ");
    let key = HookKey::parse(KEY).unwrap();
    for heard in receiver.heard() {
        let url = format!("http://{}{}", receiver.address, heard.uri);
        assert_eq!(heard.header("authorization"), key.authorization(&url));
        let (at, _) = heard.header("x-slipway-signature").strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let at: i64 = at.parse().unwrap();
        assert!((Utc::now().timestamp() - at).abs() < 60, "{at}");
        let delivery = heard.header("x-slipway-delivery").parse().unwrap();
        assert_eq!(heard.header("x-slipway-signature"), key.signature(at, delivery, &url));
        assert!(heard.body.is_empty() && heard.header("content-length") == "0");
    }
    story.stop.cancel();
    telling.await.unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_key_nothing_is_signed(pool: PgPool) {
    let receiver = Receiver::answering(&[]).await;
    let story = Story::with_settings(pool, settings(&[receiver.url()], None)).await;
    story.app_named("blog").await;
    tell_all(&story).await;
    let [heard] = &receiver.heard()[..] else { panic!("{:?}", receiver.lines()) };
    assert_eq!((heard.header("authorization"), heard.header("x-slipway-signature")), ("", ""));
    assert_ne!(heard.header("x-slipway-delivery"), "");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hook_that_is_away_for_a_while_hears_later_under_the_same_number(pool: PgPool) {
    let receiver = Receiver::answering(&[503, 429, 500]).await;
    let story = story(pool, &[receiver.url()]).await;
    let app = story.app_named("blog").await;
    tell_all(&story).await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 4);
    assert!(heard.iter().all(|one| one.header("x-slipway-delivery") == heard[0].header("x-slipway-delivery")));
    insta::assert_snapshot!(without(&log(&story, &app).await, &receiver), @"INFO Deploy hook sent to http://RECEIVER/deis");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hook_that_stays_away_is_asked_eleven_times_and_told_of_in_the_log(pool: PgPool) {
    let refusing = Receiver::answering(&[500; 20]).await;
    let story = story(pool, &[refusing.url(), "http://127.0.0.1:1/closed?token=hunter2".to_owned()]).await;
    let app = story.app_named("blog").await;
    tell_all(&story).await;
    assert_eq!(refusing.heard().len(), 11);
    let log = without(&log(&story, &app).await, &refusing);
    let mut lines: Vec<_> = log.lines().collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @r"
    ERROR An error occurred while sending the deploy hook to http://127.0.0.1:1/closed: Connection refused (os error 111)
    ERROR An error occurred while sending the deploy hook to http://RECEIVER/deis: it answered 500 Internal Server Error
    ");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hook_that_sends_us_on_or_refuses_is_asked_once(pool: PgPool) {
    let receiver = Receiver::answering(&[302, 404]).await;
    let story = story(pool, &[receiver.url()]).await;
    let app = story.app_named("blog").await;
    story.set(&app, "A", "1").await.unwrap();
    tell_all(&story).await;
    insta::assert_snapshot!(receiver.lines().join("\n"), @r"
    POST /deis?app=blog&release=v1&release_summary=ana+created+initial+release&sha=&user=ana
    POST /deis?app=blog&release=v2&release_summary=ana+added+A&sha=&user=ana
    ");
    insta::assert_snapshot!(without(&log(&story, &app).await, &receiver), @r"
    ERROR An error occurred while sending the deploy hook to http://RECEIVER/deis: it answered 302 Found, and redirects are not followed
    ERROR An error occurred while sending the deploy hook to http://RECEIVER/deis: it answered 404 Not Found
    ");
}

/// A controller took it in hand and died: before it was sent, or before that was written down.
#[sqlx::test(migrations = "../migrations")]
async fn what_a_dead_controller_had_in_hand_is_told_by_the_next(pool: PgPool) {
    let receiver = Receiver::answering(&[]).await;
    let story = story(pool, &[receiver.url()]).await;
    let app = story.app_named("blog").await;
    let (pool, hook) = (&story.state.pool, story.state.settings.deploy_hooks.urls()[0].sha256());
    let dead = deploy_hook::take(pool, hook, HELD).await.unwrap().unwrap();
    assert!(deploy_hook::take(pool, hook, HELD).await.unwrap().is_none(), "it is in hand");
    sqlx::query("update deploy_hooks set due_at = now()").execute(pool).await.unwrap();
    let living = deploy_hook::take(pool, hook, HELD).await.unwrap().unwrap();
    assert_eq!((living.uuid, living.attempts), (dead.uuid, 2));
    // Should the other one live after all, it has no say any more.
    let mut tx = pool.begin().await.unwrap();
    deploy_hook::end(&mut tx, &dead, Level::Error, "a deploy hook").await.unwrap();
    tx.commit().await.unwrap();
    tell_all(&story).await;
    assert_eq!(receiver.heard()[0].header("x-slipway-delivery"), dead.uuid.to_string());
    insta::assert_snapshot!(without(&log(&story, &app).await, &receiver), @"INFO Deploy hook sent to http://RECEIVER/deis");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_hook_that_hangs_keeps_no_deploy_and_no_other_hook_waiting(pool: PgPool) {
    let (receiver, deaf) = (Receiver::answering(&[]).await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let hanging = format!("http://{}/", deaf.local_addr().unwrap());
    let story = story(pool, &[hanging, receiver.url()]).await;
    tokio::spawn(run(story.state.clone(), story.stop.clone()));
    let (mut connection, _) = {
        let app = story.app_named("blog").await;
        let connection = deaf.accept().await.unwrap();
        story.deploy(&app, "web:1").await.unwrap();
        connection
    };
    story.eventually("the other one hears", async || receiver.heard().len() == 2).await;
    // It has heard, and still does not answer.
    let mut begin = [0; 5];
    tokio::io::AsyncReadExt::read_exact(&mut connection, &mut begin).await.unwrap();
    assert_eq!((&begin, waiting(&story.state).await), (b"POST ", 2));
}

#[sqlx::test(migrations = "../migrations")]
async fn somebody_elses_certificate_hears_nothing(pool: PgPool) {
    let (server, heard) = impostor().await;
    let story = story(pool, &[format!("https://localhost:{server}/")]).await;
    let app = story.app_named("blog").await;
    let state = &story.state;
    let hook = &state.settings.deploy_hooks.urls()[0];
    assert!(tell_next(state, &client().unwrap(), hook).await.unwrap());
    sqlx::query("update deploy_hooks set due_at = now(), attempts = 10").execute(&state.pool).await.unwrap();
    assert!(tell_next(state, &client().unwrap(), hook).await.unwrap());
    let log = log(&story, &app).await;
    insta::assert_snapshot!(log.replace(&server.to_string(), "PORT"), @"ERROR An error occurred while sending the deploy hook to https://localhost:PORT/: invalid peer certificate: UnknownIssuer");
    assert!(!*heard.lock().unwrap());
}

/// Serves TLS for `localhost` with a certificate that nobody vouches for. Tells its port, and whether anybody spoke to it.
async fn impostor() -> (u16, Arc<Mutex<bool>>) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (port, spoken) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(false)));
    let heard = spoken.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if acceptor.accept(stream).await.is_ok() {
                *heard.lock().unwrap() = true;
            }
        }
    });
    (port, spoken)
}
