//! What pushes leave behind, and for how long.

use sqlx::PgPool;

use super::*;
use crate::{platform::Platform, pushes::sweep};

#[sqlx::test(migrations = "../migrations")]
async fn sources_of_nobody_go(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app_named("blog").await;
    let (waiting, nobody) = (story.push(&app, &sha('a')).await, Uuid::now_v7());
    std::fs::write(story.source(nobody), "half").unwrap();
    sweep::sources(&story.state).await.unwrap();
    assert!(story.source(waiting).exists() && !story.source(nobody).exists());
}

#[sqlx::test(migrations = "../migrations")]
async fn the_last_twenty_are_kept(pool: PgPool) {
    let story = Story::building(pool).await;
    let app = story.app_named("blog").await;
    story.memory.build(&sha('f'), BuildScript::fails("no"));
    let mut builds = Vec::new();
    for _ in 0..22 {
        let build = story.push(&app, &sha('f')).await;
        story.outcome(build).await;
        builds.push(build);
    }
    story.memory.faults().next(Call::ForgetBuild, 1, Fault::Unavailable);
    sweep::records(&story.state).await.unwrap_err();
    sweep::records(&story.state).await.unwrap();
    let kept = db::push::uuids(&story.state.pool, app.id).await.unwrap();
    assert!(kept.len() == 20 && !kept.contains(&builds[0]) && !kept.contains(&builds[1]));
    assert_eq!(story.memory.builds().len(), 20);
    let view = story.memory.look_build(builds[0], 0).await.unwrap();
    assert_eq!(view.state, api::sandbox::BuildState::Unknown);
}
