//! Stories of builds that somebody ends.

use sqlx::PgPool;

use super::*;
use crate::{
    db::audit::{Entry, Via},
    error::Error,
    pushes,
};

impl Story {
    async fn cancel(&self, app: &App, build: Uuid) -> Result<(), Error> {
        let push = self.look(build).await;
        let (username, app_uuid) = ("ana", Some(app.uuid));
        let entry =
            Entry { username, via: Via::default(), app: app_uuid, action: "builds:cancel", target: "", request_id: "" };
        pushes::cancel(&self.state, app, &push, entry).await
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn while_it_waits(pool: PgPool) {
    // Nobody builds.
    let story = Story::begin(pool).await;
    let app = story.app_named("blog").await;
    let build = story.push(&app, &sha('a')).await;
    story.cancel(&app, build).await.unwrap();
    assert_eq!(story.outcome(build).await, "cancelled - ana cancelled the build.");
    assert!(!story.source(build).exists());
    assert_eq!(story.cancel(&app, build).await.map_err(|error| error.status()), Ok(()), "it is as wanted");
}

#[sqlx::test(migrations = "../migrations")]
async fn while_it_is_built(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('e'), BuildScript::endless());
    let build = story.push(&app, &sha('e')).await;
    story.eventually("begun", async || story.look(build).await.begun).await;
    story.memory.faults().next(Call::CancelBuild, 1, Fault::Unavailable);
    story.cancel(&app, build).await.unwrap();
    assert_eq!(story.look(build).await.state, PushState::Cancelled);
    assert_eq!(story.outcome(build).await, "cancelled - ana cancelled the build.");
    assert_eq!(story.releases(&app).await, 1);
    let next = story.push(&app, &sha('a')).await;
    assert_eq!(story.outcome(next).await, "done v2 ");
}

#[sqlx::test(migrations = "../migrations")]
async fn no_more_while_it_is_deployed(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.set(&app, "DEIS_DEPLOY_TIMEOUT", "3").await.unwrap();
    let makes = Ok(Script { exposes: vec![5000], ..Script::default() });
    story.memory.build(&sha('a'), BuildScript { makes, ..BuildScript::serves(5000) });
    let build = story.push(&app, &sha('a')).await;
    story.until(build, PushState::Deploying).await;
    let error = story.cancel(&app, build).await.unwrap_err();
    assert_eq!(error.status(), 409);
    insta::assert_snapshot!(error, @"The image is built already, and its release is being rolled out. Wait for its end; a release is undone with: mycli rollback");
    assert!(story.outcome(build).await.starts_with("failed - (app::deploy)"));
    insta::assert_snapshot!(story.cancel(&app, build).await.unwrap_err(), @"The build has ended already.");
}
