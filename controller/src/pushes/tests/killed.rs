//! Stories of controllers that die, or leave, in the middle of a push.

use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    platform::Platform,
    pushes,
    signals::Signals,
    state::State,
    worker::tests::{state, url_of},
};

impl Story {
    /// Another controller of the same installation, which does nothing yet.
    pub(super) async fn another(&self) -> State {
        let signals = Signals::start(Some(url_of(&self.state.pool)), self.stop.clone());
        state(self.state.pool.clone(), self.memory.clone(), self.folder.path(), signals).await
    }

    /// Leases are over, as they are 10 s after a death.
    async fn leases_run_out(&self) {
        sqlx::query("update pushes set lease_until = now() - interval '1 s' where lease_until is not null")
            .execute(&self.state.pool)
            .await
            .unwrap();
    }
}

/// A controller that only builds, on threads of its own, so that it can be killed.
struct Doomed(Option<Runtime>);

impl Doomed {
    fn start(story: &Story) -> Self {
        let runtime = Runtime::new().unwrap();
        let (url, folder) = (url_of(&story.state.pool), story.folder.path().to_owned());
        let memory = story.memory.clone();
        runtime.spawn(async move {
            let pool = PgPoolOptions::new().max_connections(3).connect(&url).await.unwrap();
            let stop = CancellationToken::new();
            let state = state(pool, memory, &folder, Signals::start(Some(url), stop.clone())).await;
            pushes::run(state, stop).await;
        });
        Self(Some(runtime))
    }

    /// Ends it between two instructions, as SIGKILL does.
    fn kill(mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The build that was begun is gone on with, by another controller, once the lease has run out.
#[sqlx::test(migrations = "../migrations")]
async fn while_it_is_built(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('e'), BuildScript::endless());
    let doomed = Doomed::start(&story);
    let build = story.push(&app, &sha('e')).await;
    story.eventually("begun", async || story.look(build).await.begun).await;
    doomed.kill();
    tokio::spawn(pushes::run(story.state.clone(), story.stop.clone()));
    story.memory.build(&sha('e'), BuildScript::serves(5000));
    assert_eq!(story.outcome(build).await, "done v2 ");
    assert_eq!((story.memory.build_counts().0, story.releases(&app).await), (1, 2));
}

/// The platform took it on, and nobody heard.
#[sqlx::test(migrations = "../migrations")]
async fn while_it_begins(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('e'), BuildScript::endless());
    story.memory.faults().next(Call::BeginBuild, usize::MAX, Fault::AnswerLost);
    story.memory.faults().next(Call::LookBuild, usize::MAX, Fault::Unavailable);
    let doomed = Doomed::start(&story);
    let build = story.push(&app, &sha('e')).await;
    story.until(build, PushState::Building).await;
    doomed.kill();
    assert!(!story.look(build).await.begun);
    story.memory.faults().clear();
    let order = api::sandbox::BuildOrder {
        build,
        app: app.uuid,
        kind: BuildKind::Buildpack,
        sha: sha('e'),
        env: std::collections::BTreeMap::new(),
    };
    story.memory.begin_build(&crate::workload::app_ref(&app), &order).await.unwrap();
    story.leases_run_out().await;
    tokio::spawn(pushes::run(story.state.clone(), story.stop.clone()));
    story.memory.build(&sha('e'), BuildScript::serves(5000));
    assert_eq!(story.outcome(build).await, "done v2 ");
    assert_eq!(story.memory.build_counts().0, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn while_it_is_deployed(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app_named("blog").await;
    let makes = Ok(Script { listens: Some(Duration::from_secs(2)..Duration::MAX), ..Script::serves(5000) });
    story.memory.build(&sha('a'), BuildScript { makes, ..BuildScript::serves(5000) });
    let doomed = Doomed::start(&story);
    let build = story.push(&app, &sha('a')).await;
    story.until(build, PushState::Deploying).await;
    doomed.kill();
    story.leases_run_out().await;
    tokio::spawn(pushes::run(story.state.clone(), story.stop.clone()));
    assert_eq!(story.outcome(build).await, "done v2 ");
    assert_eq!(story.releases(&app).await, 2, "it was submitted once");
}

#[sqlx::test(migrations = "../migrations")]
async fn while_it_is_cancelled(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('e'), BuildScript::endless());
    let doomed = Doomed::start(&story);
    let build = story.push(&app, &sha('e')).await;
    story.eventually("begun", async || story.look(build).await.begun).await;
    doomed.kill();
    db::push::cancel(&story.state.pool, app.id, None, "enough").await.unwrap();
    story.leases_run_out().await;
    tokio::spawn(pushes::run(story.state.clone(), story.stop.clone()));
    assert_eq!(story.outcome(build).await, "cancelled - enough");
}

/// An orderly stop leaves nobody waiting: the next controller goes on at once.
#[sqlx::test(migrations = "../migrations")]
async fn one_that_stops_gives_its_leases_up(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('e'), BuildScript::endless());
    let stop = CancellationToken::new();
    let first = tokio::spawn(pushes::run(story.another().await, stop.clone()));
    let build = story.push(&app, &sha('e')).await;
    story.eventually("begun", async || story.look(build).await.begun).await;
    stop.cancel();
    first.await.unwrap();
    let adopted = db::push_queue::adopt(&story.state.pool, story.state.process).await.unwrap();
    assert_eq!(adopted.unwrap().0.uuid, build);
}
