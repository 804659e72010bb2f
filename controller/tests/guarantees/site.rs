//! An installation whose controller is ended again and again, and somebody who uses it as `mycli` does.

use std::{sync::Arc, time::Duration};

use axum::http::{Method, StatusCode};
use controller::{
    db::{self, app::App},
    platform::memory::{Memory, Script},
    vault::Vault,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    controller::{Answer, Controller, Given},
    fence,
    mischief::Mischief,
};

/// The token that the installation printed.
pub const BOOTSTRAP: &str = "the-one-time-token";

/// How long anything may take to converge.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks, and two tries of a client.
pub const PERIOD: Duration = Duration::from_millis(20);

/// What outlasts controllers: the database and the platform.
#[derive(Clone)]
pub struct Ground {
    pub pool: PgPool,
    pub memory: Arc<Memory>,
}

impl Ground {
    /// The living app of that name.
    pub async fn app(&self, name: &str) -> Option<App> {
        db::app::find(&self.pool, &name.parse().unwrap()).await.unwrap()
    }
}

/// An installation with one controller at a time.
pub struct Site {
    pub ground: Ground,
    pub mischief: Mischief,
    pub token: String,
    pub controller: Arc<Controller>,
    folder: TempDir,
    /// Answers of our own faults: a client was told 500.
    pub server_errors: Vec<String>,
}

impl Site {
    pub async fn new(pool: PgPool) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("key"), Vault::new_key_line()).unwrap();
        let memory = Arc::new(Memory::default());
        for image in ["web:1", "web:2"] {
            memory.image(image, Script::serves(5000));
        }
        let mischief = Mischief::default();
        let ground = Ground { pool, memory };
        fence::watch(&ground.pool).await;
        let controller = start(&ground, &folder, "one", &mischief).await;
        let form = json!({"username": "admin", "password": "open sesame", "email": "admin@example.com"});
        let registered = controller.ask(BOOTSTRAP, None, (Method::POST, "/v2/auth/register", &form)).await.unwrap();
        assert_eq!(registered.status, StatusCode::CREATED, "{registered:?}");
        let login = controller.ask(BOOTSTRAP, None, (Method::POST, "/v2/auth/login/", &form)).await.unwrap();
        let token = login.body["token"].as_str().unwrap().to_owned();
        Self { ground, mischief, token, controller: Arc::new(controller), folder, server_errors: Vec::new() }
    }

    /// Another controller, on a machine of its own.
    pub async fn another(&self, machine: &str) -> Controller {
        start(&self.ground, &self.folder, machine, &self.mischief).await
    }

    /// The key of encryption at rest.
    pub fn vault(&self) -> Vault {
        Vault::load(&self.folder.path().join("key")).unwrap()
    }

    /// Starts the next controller if the last one is over. The time for which the dead one is believed to live has passed.
    pub async fn revive(&mut self) {
        if !self.controller.is_over() {
            return;
        }
        let next = start(&self.ground, &self.folder, "one", &self.mischief).await;
        std::mem::replace(&mut self.controller, Arc::new(next)).kill().await;
        for table in ["apps set lease_until", "idempotency_keys set held_until"] {
            let past = sqlx::AssertSqlSafe(format!("update {table} = now() - interval '1 second'"));
            sqlx::query(past).execute(&self.ground.pool).await.unwrap();
        }
    }

    /// Does as `mycli`: asks again with the same key while the connection is lost or the answer is 503.
    pub async fn ask(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let key = Uuid::now_v7().to_string();
        let deadline = Instant::now() + PATIENCE;
        let mut ticks = interval(PERIOD);
        loop {
            self.revive().await;
            let answer = self.controller.ask(&self.token, Some(&key), (method.clone(), path, &body)).await;
            match answer {
                Some(answer) if answer.status == StatusCode::INTERNAL_SERVER_ERROR => {
                    self.server_errors.push(format!("{method} {path}"));
                }
                Some(answer) if answer.status != StatusCode::SERVICE_UNAVAILABLE => return answer,
                Some(_) | None => {}
            }
            if Instant::now() > deadline {
                return Answer { status: StatusCode::GATEWAY_TIMEOUT, body: Value::Null };
            }
            ticks.tick().await;
        }
    }

    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, body).await
    }

    /// Waits until `check` finds nothing to complain about, with a controller at work.
    pub async fn eventually(&mut self, check: impl AsyncFn(&Ground) -> Result<(), String>) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        let mut ticks = interval(PERIOD);
        loop {
            self.revive().await;
            match check(&self.ground).await {
                Ok(()) => return Ok(()),
                Err(complaint) if Instant::now() > deadline => return Err(format!("never: {complaint}")),
                Err(_) => ticks.tick().await,
            };
        }
    }
}

async fn start(ground: &Ground, folder: &TempDir, machine: &str, mischief: &Mischief) -> Controller {
    let ended = CancellationToken::new();
    let given = Given {
        database: (*ground.pool.connect_options()).clone(),
        url: url_of(&ground.pool),
        memory: ground.memory.clone(),
        key: folder.path().join("key"),
        folder: folder.path().join(machine),
        watcher: mischief.watcher(ended.clone()),
    };
    Controller::start(given, ended).await
}

/// Where the test's own database is; the pool's options cannot be written as a URL again.
fn url_of(pool: &PgPool) -> String {
    let mut url = url::Url::parse(&std::env::var("DATABASE_URL").unwrap()).unwrap();
    url.set_path(pool.connect_options().get_database().unwrap());
    url.to_string()
}
