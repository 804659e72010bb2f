//! Stories of operations, from the queue to running instances, on a real database and the platform in memory.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use api::names::{AppName, ImageName, ProcessType};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    db::{self, app::App, operation::QUEUE, release::State as ReleaseState},
    error::Answer,
    instances, logs,
    operation::{self, Actor, BuildPatch, Patch, Selection},
    platform::{
        Platform,
        memory::{Call, Fault, Memory, Script},
    },
    pulse::Pulse,
    signals::Signals,
    state::{Settings, Shared, State},
    vault::Vault,
    workload,
};

mod autoscale;
mod certificates;
mod images;
mod late;
mod network;
mod outage;
mod polling;
mod services;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Story {
    pub(crate) state: State,
    pub(crate) memory: Arc<Memory>,
    pub(crate) ana: Actor,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) stop: CancellationToken,
}

impl Drop for Story {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Story {
    pub(crate) async fn begin(pool: PgPool) -> Self {
        Self::with_settings(pool, Settings::default()).await
    }

    /// With other choices of the operator.
    pub(crate) async fn with_settings(pool: PgPool, settings: Settings) -> Self {
        let url = url_of(&pool);
        Self::listening(pool, Some(url), settings).await
    }

    /// With signals from `url`, or none.
    async fn listening(pool: PgPool, url: Option<String>, settings: Settings) -> Self {
        let memory = Arc::new(Memory::default());
        memory.image("web:1", Script::serves(5000));
        memory.image("web:2", Script::serves(5000));
        let crash = Script::exits(3, &["no database", "giving up"]);
        memory.image("crash:1", Script { exposes: vec![5000], ..crash });
        memory.image("mute:1", Script { exposes: vec![5000], ..Script::default() });
        let folder = tempfile::tempdir().unwrap();
        let stop = CancellationToken::new();
        let signals = Signals::start(url, stop.clone());
        let state = state_with(pool, memory.clone(), folder.path(), signals, settings).await;
        let ana = Actor { user_id: user(&state.pool, "ana").await, username: "ana".to_owned() };
        tokio::spawn(super::run(state.clone(), stop.clone()));
        Self { state, memory, ana, folder, stop }
    }

    async fn app(&self) -> App {
        self.app_named("blog").await
    }

    pub(crate) async fn app_named(&self, name: &str) -> App {
        let (mut tx, name) = (self.state.pool.begin().await.unwrap(), AppName::parse(name).unwrap());
        let app = operation::create_app(&mut tx, &self.state, &self.ana, Some(name)).await.unwrap();
        tx.commit().await.unwrap();
        app
    }

    async fn change(&self, app: &App, patch: Patch) -> Result<String, Answer> {
        let id = operation::submit(&self.state, app, &self.ana, &patch).await.map_err(|error| Answer::from(&error))?;
        let outcome = tokio::time::timeout(PATIENCE, operation::wait(&self.state, id)).await.expect("an outcome");
        outcome.map(|release| format!("v{} {}", release.version, release.summary))
    }

    pub(crate) async fn deploy(&self, app: &App, image: &str) -> Result<String, Answer> {
        self.change(app, pull(image)).await
    }

    pub(crate) async fn set(&self, app: &App, key: &str, value: &str) -> Result<String, Answer> {
        self.change(app, config(key, Some(value))).await
    }

    async fn scale(&self, app: &App, process_type: &str, count: u32) {
        let wanted = BTreeMap::from([(ProcessType::parse(process_type).unwrap(), count)]);
        let mut tx = self.state.pool.begin().await.unwrap();
        operation::scale(&mut tx, app, &self.ana, &wanted).await.unwrap();
        tx.commit().await.unwrap();
        assert!(instances::wait_up(&self.state, app, None, PATIENCE).await.unwrap());
    }

    /// `type state release` of each instance that `ps` shows.
    pub(crate) async fn ps(&self, app: &App) -> Vec<String> {
        let pods = instances::list(&self.state, app).await.unwrap();
        let mut lines: Vec<_> =
            pods.iter().map(|pod| format!("{} {} {}", pod.process_type, pod.state, pod.release)).collect();
        lines.sort();
        lines
    }

    async fn endpoints(&self, app: &App) -> usize {
        let route = db::route::find(&self.state.pool, app.uuid).await.unwrap();
        route.and_then(|route| route.routes).map_or(0, |routes| routes.endpoints.len())
    }

    pub(crate) async fn eventually(&self, what: &str, check: impl AsyncFn() -> bool) {
        let mut signals = self.state.signals.subscribe();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !check().await {
            assert!(tokio::time::Instant::now() < deadline, "never: {what}");
            signals.next(|_| true).await;
        }
    }
}

/// A controller's part of an installation; another one on the same folder shares its key.
pub(crate) async fn state(pool: PgPool, memory: Arc<Memory>, folder: &std::path::Path, signals: Signals) -> State {
    state_with(pool, memory, folder, signals, Settings::default()).await
}

async fn state_with(
    pool: PgPool,
    memory: Arc<Memory>,
    folder: &std::path::Path,
    signals: Signals,
    settings: Settings,
) -> State {
    let (key, sources) = (folder.join("key"), folder.join("sources"));
    if !key.exists() {
        std::fs::write(&key, Vault::new_key_line()).unwrap();
        std::fs::create_dir(&sources).unwrap();
    }
    let vault = Vault::load(&key).unwrap();
    let store = Arc::new(logs::Store::open(folder.join("logs"), logs::Limits::default()).unwrap());
    let network_pool = Some("10.214.0.0/16".parse().unwrap());
    let settings = Settings { network_pool, sources_dir: Some(sources), ..settings };
    State::new(Shared {
        pulse: Pulse::feel(pool.clone(), signals.stopping()),
        installation: db::installation::open(&pool, &vault).await.unwrap(),
        collector: logs::Collector::new(store.clone(), memory.clone()),
        logs: store,
        signals,
        platform: memory,
        vault,
        pool,
        sessions: tokio_util::task::TaskTracker::new(),
        process: Uuid::now_v7(),
        settings,
    })
}

/// Where the test's own database is found.
pub(crate) fn url_of(pool: &PgPool) -> String {
    let mut url = url::Url::parse(&std::env::var("DATABASE_URL").unwrap()).unwrap();
    url.set_path(pool.connect_options().get_database().unwrap());
    url.to_string()
}

async fn user(pool: &PgPool, name: &str) -> i64 {
    let new = db::user::NewUser {
        username: name,
        email: "",
        first_name: "",
        last_name: "",
        password_hash: "",
        is_superuser: false,
    };
    db::user::insert(pool, new).await.unwrap().id
}

fn pull(image: &str) -> Patch {
    Patch::Build(BuildPatch {
        image: ImageName::parse(image).unwrap(),
        procfile: BTreeMap::new(),
        sha: String::new(),
        dockerfile: String::new(),
        built: None,
    })
}

fn config(key: &str, value: Option<&str>) -> Patch {
    let values = BTreeMap::from([(key.to_owned(), value.map(|text| text.to_owned().into()))]);
    Patch::Config(api::types::ConfigPatch { values, ..Default::default() })
}

#[sqlx::test(migrations = "../migrations")]
async fn from_an_image_to_a_scaled_app_and_back(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    assert_eq!(story.set(&app, "A", "1").await.unwrap(), "v2 ana added A");
    assert_eq!(story.deploy(&app, "web:1").await.unwrap(), "v3 ana deployed web:1");
    assert_eq!(story.ps(&app).await, ["cmd up v3"]);
    assert_eq!(story.endpoints(&app).await, 1);
    story.scale(&app, "cmd", 3).await;
    assert_eq!(story.ps(&app).await, ["cmd up v3", "cmd up v3", "cmd up v3"]);
    assert_eq!(story.set(&app, "A", "2").await.unwrap(), "v4 ana changed A");
    assert_eq!(story.ps(&app).await, ["cmd up v4", "cmd up v4", "cmd up v4"]);
    assert_eq!(story.change(&app, Patch::Rollback { version: Some(3) }).await.unwrap(), "v5 ana rolled back to v3");
    assert_eq!(story.ps(&app).await, ["cmd up v5", "cmd up v5", "cmd up v5"]);
    story.scale(&app, "cmd", 0).await;
    assert_eq!(story.endpoints(&app).await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failed_deploy_leaves_all_as_before_and_says_why(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.deploy(&app, "web:1").await.unwrap();
    let answer = story.deploy(&app, "crash:1").await.unwrap_err();
    let body = serde_json::to_string_pretty(&answer.body).unwrap();
    insta::assert_snapshot!(without_name(&body), @r#"
    {
      "detail": "(app::deploy): There was a problem deploying v3. Rolling back process types to release v2.\nINSTANCE exited with code 3. Its last lines:\n    no database\n    giving up\n    no database\n    giving up\n    no database\n    giving up"
    }
    "#);
    assert_eq!(answer.status, 400);
    assert_eq!(story.ps(&app).await, ["cmd up v2"]);
    let failed = db::release::find(&story.state.pool, app.id, 3).await.unwrap().unwrap();
    assert_eq!(failed.state, ReleaseState::Failed);
    assert!(failed.summary.ends_with("which failed"), "{}", failed.summary);
    // The failed one is the base of nothing, and its number is not used again.
    assert_eq!(story.set(&app, "A", "1").await.unwrap(), "v4 ana added A");
    assert_eq!(story.ps(&app).await, ["cmd up v4"]);
}

/// The body with the instance's random name replaced.
fn without_name(body: &str) -> String {
    let start = body.find("blog-cmd-").unwrap();
    let end = start + body[start..].find(' ').unwrap();
    format!("{}INSTANCE{}", &body[..start], &body[end..])
}

#[sqlx::test(migrations = "../migrations")]
async fn a_first_deploy_that_fails_leaves_nothing_behind(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    let answer = story.deploy(&app, "crash:1").await.unwrap_err();
    assert!(!serde_json::to_string(&answer.body).unwrap().contains("Rolling back"));
    assert!(story.ps(&app).await.is_empty());
    assert!(db::app::get(&story.state.pool, app.id).await.unwrap().unwrap().structure.is_empty());
    let app_ref = workload::app_ref(&app);
    story
        .eventually("no instance is left", async || story.memory.observe(&app_ref).await.unwrap().instances.is_empty())
        .await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_app_that_never_listens_fails_in_the_time_it_asked_for(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.set(&app, "DEIS_DEPLOY_TIMEOUT", "1").await.unwrap();
    let answer = story.deploy(&app, "mute:1").await.unwrap_err();
    let body = serde_json::to_string(&answer.body).unwrap();
    insta::assert_snapshot!(without_name(&body), @r#"{"detail":"(app::deploy): INSTANCE did not become ready within 1 s: nothing listens on port 5000. It wrote nothing."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_refused_consumes_no_number(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    assert_eq!(story.deploy(&app, "nowhere:1").await.unwrap_err().status, 400);
    assert_eq!(story.change(&app, config("A", None)).await.unwrap_err().status, 422);
    story.memory.faults().next(Call::PrepareImage, 1, Fault::Unavailable);
    assert_eq!(story.deploy(&app, "web:1").await.unwrap_err().status, 503);
    assert_eq!(story.deploy(&app, "web:1").await.unwrap(), "v2 ana deployed web:1");
    assert_eq!(story.set(&app, "A", "1").await.unwrap(), "v3 ana added A");
    let answer = story.set(&app, "A", "1").await.unwrap_err();
    assert_eq!(serde_json::to_string(&answer.body).unwrap(), r#"{"detail":"ana changed nothing - release stopped"}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn many_changes_at_once_lose_nothing(pool: PgPool) {
    const CLIENTS: usize = 8;
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.deploy(&app, "web:1").await.unwrap();
    let keys: Vec<_> = (0..CLIENTS).map(|client| format!("KEY_{client}")).collect();
    let changes = keys.iter().map(|key| story.set(&app, key, "1"));
    let mut versions: Vec<_> = futures_util::future::join_all(changes).await.into_iter().map(Result::unwrap).collect();
    versions.sort();
    assert_eq!(versions.len(), CLIENTS);
    let latest = db::release::latest_good(&story.state.pool, app.id).await.unwrap().unwrap();
    assert_eq!(latest.version as usize, 2 + CLIENTS);
    let config = db::config::get(&story.state.pool, latest.config_id).await.unwrap();
    assert_eq!(config.open(&story.state.vault, app.uuid).unwrap().values.len(), CLIENTS);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_full_queue_says_so(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.memory.faults().next(Call::Observe, 10_000, Fault::Unavailable);
    let slots = usize::try_from(QUEUE).unwrap();
    story.memory.image("slow:1", Script::serves(5000));
    for _ in 0..slots {
        operation::submit(&story.state, &app, &story.ana, &pull("web:1")).await.unwrap();
    }
    let error = operation::submit(&story.state, &app, &story.ana, &pull("web:1")).await.unwrap_err();
    assert_eq!(error.status(), 429);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_restart_replaces_every_instance(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.deploy(&app, "web:1").await.unwrap();
    story.scale(&app, "cmd", 2).await;
    let names = |pods: Vec<api::types::Pod>| pods.into_iter().map(|pod| pod.name).collect::<Vec<_>>();
    let before = names(instances::list(&story.state, &app).await.unwrap());
    let mut tx = story.state.pool.begin().await.unwrap();
    assert_eq!(operation::restart(&mut tx, &app, &Selection::All).await.unwrap().len(), 2);
    tx.commit().await.unwrap();
    assert!(instances::wait_up(&story.state, &app, None, PATIENCE).await.unwrap());
    let after = names(instances::list(&story.state, &app).await.unwrap());
    assert!(after.len() == 2 && after.iter().all(|name| !before.contains(name)), "{before:?} {after:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_destroyed_app_leaves_nothing(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.deploy(&app, "web:1").await.unwrap();
    let mut tx = story.state.pool.begin().await.unwrap();
    operation::destroy(&mut tx, &app, &story.ana).await.unwrap();
    tx.commit().await.unwrap();
    assert!(operation::destroy::wait_gone(&story.state, &app, PATIENCE).await.unwrap());
    let observed = story.memory.observe(&workload::app_ref(&app)).await.unwrap();
    assert!(observed.instances.is_empty() && observed.networks.is_empty());
    let again = story.app().await;
    assert_eq!(story.deploy(&again, "web:2").await.unwrap(), "v2 ana deployed web:2");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_platform_that_fails_now_and_then_is_waited_for(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    for call in [Call::Observe, Call::EnsureNetwork, Call::Start] {
        story.memory.faults().next(call, 1, Fault::Unavailable);
    }
    assert_eq!(story.deploy(&app, "web:1").await.unwrap(), "v2 ana deployed web:1");
    assert_eq!(story.ps(&app).await, ["cmd up v2"]);
}
