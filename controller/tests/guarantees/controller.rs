//! A controller in a thread of its own, so that it can be ended at any point, as by SIGKILL, and stand still, as by SIGSTOP.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use controller::{
    auth::token,
    db::installation,
    failpoint::{self, Watcher},
    logs,
    platform::memory::Memory,
    pulse::Pulse,
    pushes,
    signals::Signals,
    state::{Settings, Shared, State},
    vault::Vault,
    worker,
};
use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tower::ServiceExt;
use uuid::Uuid;

use crate::site::BOOTSTRAP;

/// Time that blocking calls of an ended controller get to end, too.
const LAST_CALLS: std::time::Duration = std::time::Duration::from_secs(2);

/// What a controller is given.
#[derive(Clone)]
pub struct Given {
    pub database: PgConnectOptions,
    pub url: String,
    pub memory: Arc<Memory>,
    pub key: PathBuf,
    /// What is kept on its machine.
    pub folder: PathBuf,
    pub watcher: Watcher,
}

/// A running one.
pub struct Controller {
    router: Router,
    runtime: Handle,
    ended: CancellationToken,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Controller {
    /// Starts one that is over when `ended` is cancelled.
    pub async fn start(given: Given, ended: CancellationToken) -> Self {
        let (tell, told) = oneshot::channel();
        let over = ended.clone();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let watcher = given.watcher.clone();
                let state = state(given, &over).await;
                failpoint::watch(watcher);
                let router = controller::http::router(state.clone());
                tokio::spawn(pushes::run(state.clone(), CancellationToken::new()));
                tokio::spawn(worker::run(state.clone(), CancellationToken::new()));
                tell.send((router, Handle::current())).ok();
                drop(state);
                over.cancelled().await;
            });
            runtime.shutdown_timeout(LAST_CALLS);
        });
        let (router, runtime) = told.await.expect("a controller that starts");
        Self { router, runtime, ended, thread: Mutex::new(Some(thread)) }
    }

    /// It has ended by itself, at a point where it was made to.
    pub fn is_over(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Ends it at once, and waits until nothing of it is left.
    pub async fn kill(&self) {
        self.ended.cancel();
        let thread = self.thread.lock().unwrap().take();
        tokio::task::spawn_blocking(move || thread.map(thread::JoinHandle::join)).await.unwrap();
    }

    /// Makes a request. None when the controller ended before it had answered.
    pub async fn ask(&self, token: &str, key: Option<&str>, asked: (Method, &str, &Value)) -> Option<Answer> {
        let (method, path, body) = asked;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "slipway.localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("token {token}"));
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        // A client that hangs up ends its request.
        let answered = AbortOnDropHandle::new(self.runtime.spawn(self.router.clone().oneshot(request)));
        let answered = answered.await.ok()?;
        let (parts, body) = answered.unwrap().into_parts();
        let bytes = to_bytes(body, usize::MAX).await.ok()?;
        Some(Answer { status: parts.status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

async fn state(given: Given, over: &CancellationToken) -> State {
    let process = Uuid::now_v7();
    // The database is told who writes.
    let database = given.database.application_name(&process.to_string());
    let pool = PgPoolOptions::new().max_connections(6).connect_lazy_with(database);
    let vault = Vault::load(&given.key).unwrap();
    let logs = Arc::new(logs::Store::open(given.folder.join("logs"), logs::Limits::default()).unwrap());
    let platform = Arc::new(given.memory.seen_by_another());
    State::new(Shared {
        pulse: Pulse::feel(pool.clone(), over.clone()),
        collector: logs::Collector::new(logs.clone(), platform.clone()),
        logs,
        installation: installation::open(&pool, &vault).await.unwrap(),
        pool,
        vault,
        platform,
        signals: Signals::start(Some(given.url), over.clone()),
        sessions: tokio_util::task::TaskTracker::new(),
        process,
        settings: Settings {
            bootstrap_token_sha256: Some(token::sha256(BOOTSTRAP)),
            network_pool: Some("10.214.0.0/16".parse().unwrap()),
            ..Settings::default()
        },
    })
}
