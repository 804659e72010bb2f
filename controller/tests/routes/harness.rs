//! An installation in this process, and people who use it.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, BodyDataStream, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
    response::Response,
};
use controller::{
    auth::token,
    db::installation,
    logs,
    platform::memory::Memory,
    pulse::Pulse,
    signals::Signals,
    state::{Registration, Settings, Shared, State},
    vault::Vault,
    worker,
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::{net::UnixListener, sync::OnceCell};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;

use crate::shape;

/// The token that the installation printed.
pub const BOOTSTRAP: &str = "the-one-time-token";
/// The key of builders that are not ours, where a test lets them in.
pub const BUILDER_KEY: &str = "the-builder-key";
/// Everybody's password.
pub const PASSWORD: &str = "open sesame";

/// Longest that an answer may say nothing.
const PATIENCE: Duration = Duration::from_secs(20);

/// An installation.
#[derive(Clone)]
pub struct Installation {
    router: Router,
    internal: Router,
    sources: PathBuf,
    /// Its database.
    pub pool: PgPool,
    /// What runs its instances.
    pub platform: Arc<Memory>,
    running: Arc<Running>,
}

/// Ends with the last of the installation and its clients.
struct Running {
    shutdown: DropGuard,
    files: TempDir,
}

impl Installation {
    /// As it is after it was installed: nobody is registered.
    pub async fn fresh(pool: PgPool) -> Self {
        Self::with_registration(pool, Registration::AdminOnly).await
    }

    /// As [`Self::fresh`], with another rule of who may register.
    pub async fn with_registration(pool: PgPool, registration: Registration) -> Self {
        Self::with_settings(pool, Settings { registration, ..Settings::default() }).await
    }

    /// As [`Self::fresh`], with other choices of the operator.
    pub async fn with_settings(pool: PgPool, settings: Settings) -> Self {
        let files = TempDir::new().unwrap();
        let key = files.path().join("key");
        fs::write(&key, Vault::new_key_line()).unwrap();
        let vault = Vault::load(&key).unwrap();
        let sources = files.path().join("sources");
        fs::create_dir(&sources).unwrap();
        let shutdown = CancellationToken::new();
        let platform = Arc::new(Memory::default());
        let settings = Settings {
            bootstrap_token_sha256: Some(token::sha256(BOOTSTRAP)),
            network_pool: Some("10.214.0.0/16".parse().unwrap()),
            sources_dir: Some(sources.clone()),
            ..settings
        };
        let logs = Arc::new(logs::Store::open(files.path().join("logs"), logs::Limits::default()).unwrap());
        let state = State::new(Shared {
            pulse: Pulse::feel(pool.clone(), shutdown.clone()),
            collector: logs::Collector::new(logs.clone(), platform.clone()),
            logs,
            installation: installation::open(&pool, &vault).await.unwrap(),
            pool: pool.clone(),
            vault,
            platform: platform.clone(),
            signals: Signals::start(Some(url_of(&pool)), shutdown.clone()),
            sessions: tokio_util::task::TaskTracker::new(),
            process: Uuid::now_v7(),
            settings,
        });
        let router = controller::http::router(state.clone());
        let internal = controller::internal::router(state.clone());
        tokio::spawn(controller::pushes::run(state.clone(), shutdown.clone()));
        tokio::spawn(worker::run(state, shutdown.clone()));
        let running = Arc::new(Running { shutdown: shutdown.drop_guard(), files });
        Self { router, internal, sources, pool, platform, running }
    }

    /// Its controller begins to stop.
    pub fn stop(&self) {
        self.running.shutdown.token().cancel();
    }

    /// A socket on which it is served, for clients that do more than ask and be answered.
    pub fn listen(&self) -> PathBuf {
        let path = self.running.files.path().join(format!("{}.sock", Uuid::new_v4().simple()));
        let listener = UnixListener::bind(&path).unwrap();
        let router = self.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        path
    }

    /// The public API, to be served in another way.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Where sources of pushes lie.
    pub fn sources(&self) -> &Path {
        &self.sources
    }

    /// Somebody without a credential at the internal listener.
    pub fn internal(&self) -> Client {
        Client { router: self.internal.clone(), public: None, ..self.anybody() }
    }

    /// A component at the internal listener.
    pub async fn component(&self, name: &str) -> Client {
        let hash = token::sha256(name);
        sqlx::query("insert into components (name, credential_sha256) values ($1, $2)")
            .bind(name)
            .bind(hash.as_slice())
            .execute(&self.pool)
            .await
            .unwrap();
        self.internal().with_header("Authorization", &format!("Bearer {name}"))
    }

    /// Waits until `check` holds.
    pub async fn eventually(&self, check: impl AsyncFn() -> bool) {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..1000 {
            if check().await {
                return;
            }
            ticks.tick().await;
        }
        panic!("it never came");
    }

    /// With its first administrator, `admin`.
    pub async fn with_admin(pool: PgPool) -> (Self, Client) {
        Self::fresh(pool).await.administered().await
    }

    /// It with its first administrator.
    pub async fn administered(self) -> (Self, Client) {
        let installation = self;
        let mut admin = installation.anybody().with_header("Authorization", &format!("token {BOOTSTRAP}"));
        admin.register("admin").await.expect(StatusCode::CREATED);
        admin.headers.clear();
        admin.login("admin").await;
        (installation, admin)
    }

    /// Somebody without a token.
    pub fn anybody(&self) -> Client {
        let (router, running) = (self.router.clone(), self.running.clone());
        Client { public: Some(router.clone()), router, headers: Vec::new(), name: String::new(), _running: running }
    }

    /// A user whom `admin` registered, logged in.
    pub async fn user(&self, admin: &Client, name: &str) -> Client {
        admin.register(name).await.expect(StatusCode::CREATED);
        let mut user = self.anybody();
        user.login(name).await;
        user
    }
}

/// Where the test's own database is; the pool's options cannot be written as a URL again.
fn url_of(pool: &PgPool) -> String {
    let mut url = url::Url::parse(&std::env::var("DATABASE_URL").unwrap()).unwrap();
    url.set_path(pool.connect_options().get_database().unwrap());
    url.to_string()
}

/// What the public API says of itself; the same in every installation.
async fn document(public: &Router) -> &'static Value {
    static DOCUMENT: OnceCell<Value> = OnceCell::const_new();
    let read = async || {
        let request = Request::builder().uri("/v2/openapi.json").body(Body::empty()).unwrap();
        let response = public.clone().oneshot(request).await.unwrap();
        serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
    };
    DOCUMENT.get_or_init(read).await
}

/// Somebody who makes requests.
#[derive(Clone)]
pub struct Client {
    router: Router,
    /// The public API, of which the document tells; none for who calls another.
    public: Option<Router>,
    headers: Vec<(String, String)>,
    /// User name, once logged in.
    pub name: String,
    _running: Arc<Running>,
}

impl Client {
    /// The same one, sending one header more.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same one, sending that idempotency key.
    pub fn with_key(&self, key: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(name, _)| name != "Idempotency-Key");
        client.with_header("Idempotency-Key", key)
    }

    /// What it sends to say who it is.
    pub fn authorization(&self) -> String {
        let header = self.headers.iter().find(|(name, _)| name == "Authorization");
        header.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The same one with another token.
    pub fn with_token(&self, token: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(name, _)| name != "Authorization");
        client.with_header("Authorization", &format!("token {token}"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Body::from(body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Body::empty()).await
    }

    pub async fn delete_with(&self, path: &str, body: Value) -> Answer {
        self.send(Method::DELETE, path, Body::from(body.to_string())).await
    }

    /// Any request.
    pub async fn send(&self, method: Method, path: &str, body: Body) -> Answer {
        let (parts, body) = self.ask(method.clone(), path, body).await.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        let kind = answer.header("content-type");
        if let Some(public) = self.public.as_ref().filter(|_| method != Method::HEAD) {
            shape::check(document(public).await, &method, path, answer.status, kind, &answer.body);
        }
        answer
    }

    /// An answer that goes on.
    pub async fn follow(&self, path: &str) -> Stream {
        let response = self.ask(Method::GET, path, Body::empty()).await;
        assert_eq!(response.status(), StatusCode::OK);
        Stream { body: response.into_body().into_data_stream(), read: String::new() }
    }

    async fn ask(&self, method: Method, path: &str, body: Body) -> Response {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "slipway.localhost")
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap()
    }

    /// Registers `name` with everybody's password.
    pub async fn register(&self, name: &str) -> Answer {
        let form = json!({"username": name, "password": PASSWORD, "email": format!("{name}@example.com")});
        self.post("/v2/auth/register", form).await
    }

    /// Logs in as `name` and goes on with the new token.
    pub async fn login(&mut self, name: &str) {
        let answer = self.try_login(name, PASSWORD).await.expect(StatusCode::OK);
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        *self = self.with_token(&token);
        name.clone_into(&mut self.name);
    }

    pub async fn try_login(&self, name: &str, password: &str) -> Answer {
        self.post("/v2/auth/login/", json!({"username": name, "password": password})).await
    }
}

/// An answer that goes on, read as it comes.
pub struct Stream {
    body: BodyDataStream,
    read: String,
}

impl Stream {
    /// Reads until `text` has come, and answers all that has.
    pub async fn until(&mut self, text: &str) -> &str {
        while !self.read.contains(text) {
            let next = tokio::time::timeout(PATIENCE, self.body.next()).await;
            let chunk = next.unwrap_or_else(|_| panic!("{text:?} never came: {}", self.read));
            let chunk = chunk.unwrap_or_else(|| panic!("it ended before {text:?}: {}", self.read)).unwrap();
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        &self.read
    }

    /// Reads to the end.
    pub async fn end(mut self) -> String {
        while let Some(chunk) = tokio::time::timeout(PATIENCE, self.body.next()).await.unwrap() {
            self.read.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
        self.read
    }
}

/// What came back. Shown with what differs from run to run replaced.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// Goes on only with that status.
    #[track_caller]
    pub fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status.as_u16())?;
        match serde_json::from_str::<Value>(&self.body) {
            Ok(mut value) => {
                redact(&mut value);
                write!(f, " {value}")
            }
            Err(_) if self.body.is_empty() => Ok(()),
            Err(_) => write!(f, " {}", self.body),
        }
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(stand_in) = stand_in(text) {
                stand_in.clone_into(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(fields) => fields.values_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn stand_in(text: &str) -> Option<&'static str> {
    if text.len() == 36 && Uuid::parse_str(text).is_ok() {
        return Some("<uuid>");
    }
    if text.len() == 20 && text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok() {
        return Some("<time>");
    }
    text.starts_with("sw_").then_some("<token>")
}
