//! Stories of pushes, from the queue to a release, on a real database and the platform in memory.

use std::time::Duration;

use api::sandbox::BuildKind;
use futures_util::StreamExt;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    db::{
        self,
        app::App,
        push::{NewPush, Push, State as PushState},
        signal::{Signal, notify},
    },
    operation,
    platform::memory::{BuildScript, Call, Fault, Script},
    worker::tests::{PATIENCE, Story},
};

mod cancel;
mod killed;
mod queue;
mod sweep;

/// A commit, by its first digit.
fn sha(digit: char) -> String {
    digit.to_string().repeat(40)
}

impl Story {
    /// With a controller that builds.
    async fn building(pool: PgPool) -> Self {
        let story = Self::begin(pool).await;
        tokio::spawn(super::run(story.state.clone(), story.stop.clone()));
        story
    }

    /// Puts a commit into the queue, as the internal listener does.
    async fn push(&self, app: &App, sha: &str) -> Uuid {
        let build = Uuid::now_v7();
        std::fs::write(self.source(build), "tar").unwrap();
        let new = NewPush {
            uuid: build,
            app_id: app.id,
            user_id: self.ana.user_id,
            holder: Uuid::now_v7(),
            sha,
            kind: BuildKind::Buildpack,
        };
        let mut tx = self.state.pool.begin().await.unwrap();
        let id = db::push::insert(&mut *tx, new).await.unwrap();
        notify(&mut *tx, Signal::Push(id)).await.unwrap();
        tx.commit().await.unwrap();
        build
    }

    fn source(&self, build: Uuid) -> std::path::PathBuf {
        self.folder.path().join("sources").join(format!("{build}.tar"))
    }

    async fn look(&self, build: Uuid) -> Push {
        db::push::find(&self.state.pool, build).await.unwrap().unwrap()
    }

    async fn until(&self, build: Uuid, wanted: PushState) -> Push {
        let is_there = async || self.look(build).await.state == wanted;
        self.eventually(wanted.as_str(), is_there).await;
        self.look(build).await
    }

    /// `state version reason` once it is over.
    async fn outcome(&self, build: Uuid) -> String {
        self.eventually("over", async || self.look(build).await.state.is_over()).await;
        let push = self.look(build).await;
        let version = push.version.map_or("-".to_owned(), |version| format!("v{version}"));
        format!("{} {version} {}", push.state.as_str(), push.reason.unwrap_or_default())
    }

    async fn releases(&self, app: &App) -> i64 {
        sqlx::query_scalar("select count(*) from releases where app_id = $1")
            .bind(app.id)
            .fetch_one(&self.state.pool)
            .await
            .unwrap()
    }

    async fn lines(&self, app: &App) -> Vec<String> {
        let events = db::event::last(&self.state.pool, app.id, 3).await.unwrap();
        events.into_iter().map(|event| event.text).collect()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn from_a_commit_to_a_release(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.set(&app, "SECRET", "1").await.unwrap();
    let build = story.push(&app, &sha('a')).await;
    assert_eq!(story.outcome(build).await, "done v3 ");
    assert_eq!(story.ps(&app).await, ["web up v3"]);
    let release = db::release::latest_good(&story.state.pool, app.id).await.unwrap().unwrap();
    assert_eq!((release.summary.as_str(), release.build_uuid), ("ana deployed aaaaaaa", Some(build)));
    let made = db::build::find(&story.state.pool, app.id, build).await.unwrap().unwrap();
    assert_eq!((made.image_given.as_str(), made.sha), ("blog:git-aaaaaaaa", sha('a')));
    assert!(made.image_ref.starts_with(&format!("registry.internal:5000/app-{}@sha256:", app.uuid.simple())));
    assert!(!story.source(build).exists());
    let order = story.memory.builds().pop().unwrap();
    assert_eq!((order.build, order.env["SECRET"].as_str()), (build, "1"));
    let lines = story.lines(&app).await;
    assert!(lines[1].starts_with("build blog-") && lines[1].ends_with(" created"), "{lines:?}");
}

/// The app's own registry has nothing to do with what is built here.
#[sqlx::test(migrations = "../migrations")]
async fn half_a_registry_login_does_not_matter(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.set(&app, "PORT", "5000").await.unwrap();
    let registry = [("username".to_owned(), Some("bob".into()))].into();
    let half = operation::Patch::Config(api::types::ConfigPatch { registry, ..Default::default() });
    let id = operation::submit(&story.state, &app, &story.ana, &half).await.unwrap();
    operation::wait(&story.state, id).await.unwrap();
    let build = story.push(&app, &sha('a')).await;
    assert_eq!(story.outcome(build).await, "done v4 ");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_build_that_fails_changes_nothing(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('f'), BuildScript::fails("Unable to select a buildpack"));
    let build = story.push(&app, &sha('f')).await;
    assert_eq!(story.outcome(build).await, "failed - Unable to select a buildpack");
    assert_eq!(story.releases(&app).await, 1);
    assert!(!story.source(build).exists());
    let line = story.lines(&app).await.pop().unwrap();
    assert!(line.ends_with(" failed: Unable to select a buildpack"), "{line}");
    // The same commit can be pushed again.
    story.memory.build(&sha('f'), BuildScript::serves(5000));
    let again = story.push(&app, &sha('f')).await;
    assert_eq!(story.outcome(again).await, "done v2 ");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_deploy_that_fails_leaves_all_as_before(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    let good = story.push(&app, &sha('a')).await;
    story.outcome(good).await;
    let makes = Ok(Script { exposes: vec![5000], ..Script::exits(3, &["no database"]) });
    story.memory.build(&sha('b'), BuildScript { makes, ..BuildScript::serves(5000) });
    let bad = story.push(&app, &sha('b')).await;
    let outcome = story.outcome(bad).await;
    assert!(outcome.starts_with("failed - (app::deploy): There was a problem deploying v3."), "{outcome}");
    assert!(outcome.contains("no database"), "{outcome}");
    assert_eq!(story.ps(&app).await, ["web up v2"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_procfile_that_cannot_be_is_told(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    let types = [("Web".to_owned(), "serve".to_owned())].into();
    story.memory.build(&sha('a'), BuildScript { types, ..BuildScript::serves(5000) });
    let build = story.push(&app, &sha('a')).await;
    let outcome = story.outcome(build).await;
    insta::assert_snapshot!(outcome, @"failed - Procfile: Web: Process types can only contain lowercase alphanumeric characters");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_the_platform_refuses_is_told(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.memory.faults().next(Call::BeginBuild, 1, Fault::Rejected("the disk is full".to_owned()));
    let build = story.push(&app, &sha('a')).await;
    assert_eq!(story.outcome(build).await, "failed - the disk is full");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_platform_that_fails_now_and_then_is_waited_for(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.memory.faults().next(Call::BeginBuild, 1, Fault::AnswerLost);
    story.memory.faults().next(Call::LookBuild, 2, Fault::Unavailable);
    let build = story.push(&app, &sha('a')).await;
    assert_eq!(story.outcome(build).await, "done v2 ");
    assert_eq!(story.memory.build_counts().0, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_build_that_nobody_knows_any_more_has_failed(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('e'), BuildScript::endless());
    let build = story.push(&app, &sha('e')).await;
    story.eventually("begun", async || story.look(build).await.begun).await;
    crate::platform::Platform::forget_build(&*story.memory, build).await.unwrap();
    assert_eq!(story.outcome(build).await, "failed - The build was lost: nothing is known of it any more. Push again.");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_destroyed_app_ends_its_build(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('e'), BuildScript::endless());
    let build = story.push(&app, &sha('e')).await;
    story.eventually("begun", async || story.look(build).await.begun).await;
    let mut tx = story.state.pool.begin().await.unwrap();
    operation::destroy(&mut tx, &app, &story.ana).await.unwrap();
    tx.commit().await.unwrap();
    assert!(operation::destroy::wait_gone(&story.state, &app, PATIENCE).await.unwrap());
    assert!(story.memory.builds().is_empty() && !story.source(build).exists());
}

/// Config changes do not wait for a build.
#[sqlx::test(migrations = "../migrations")]
async fn other_changes_go_on_meanwhile(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('e'), BuildScript::endless());
    let build = story.push(&app, &sha('e')).await;
    story.until(build, PushState::Building).await;
    assert_eq!(story.set(&app, "A", "1").await.unwrap(), "v2 ana added A");
    story.memory.build(&sha('e'), BuildScript { takes: Duration::ZERO, ..BuildScript::endless() });
    assert_eq!(story.outcome(build).await, "done v3 ");
}

/// Whoever follows a log goes on at the next controller, and does not keep this one from ending.
#[sqlx::test(migrations = "../migrations")]
async fn a_followed_log_breaks_off_when_the_controller_stops(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('e'), BuildScript::endless());
    let build = story.push(&app, &sha('e')).await;
    story.eventually("begun", async || story.look(build).await.begun).await;
    let log = super::follow(story.state.clone(), &story.look(build).await);
    story.stop.cancel();
    let told = tokio::time::timeout(PATIENCE, log.collect::<Vec<_>>()).await.expect("an end");
    assert_eq!(told.last(), Some(&Err(super::log::Broken::Stopping)));
}
