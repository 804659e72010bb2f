//! Stories of a platform that does not answer, or not in time.

use sqlx::PgPool;

use super::{Story, config, pull};
use crate::{
    error::Answer,
    operation::Patch,
    platform::memory::{Call, Fault},
};

/// What a refusal says.
fn detail(answer: &Answer) -> String {
    format!("{} {}", answer.status, serde_json::to_string(&answer.body).unwrap())
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_platform_nothing_is_begun(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.deploy(&app, "web:1").await.unwrap();
    story.memory.faults().next(Call::Ping, usize::MAX, Fault::Unavailable);
    let refused = story.set(&app, "A", "1").await.unwrap_err();
    insta::assert_snapshot!(detail(&refused), @r#"503 {"detail":"The container engine cannot be reached. Nothing was changed, and apps that run are not affected."}"#);
    for patch in [Patch::Rollback { version: None }, pull("web:2"), config("A", None)] {
        assert_eq!(detail(&story.change(&app, patch).await.unwrap_err()), detail(&refused));
    }
    story.memory.faults().clear();
    assert_eq!(story.set(&app, "A", "1").await.unwrap(), "v3 ana added A");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_platform_that_goes_away_during_a_deploy_is_waited_for_as_long_as_an_instance(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.set(&app, "DEIS_DEPLOY_TIMEOUT", "1").await.unwrap();
    story.deploy(&app, "web:1").await.unwrap();
    story.memory.faults().next(Call::Start, usize::MAX, Fault::Unavailable);
    let answer = story.deploy(&app, "web:2").await.unwrap_err();
    insta::assert_snapshot!(detail(&answer), @r#"400 {"detail":"(app::deploy): There was a problem deploying v4. Rolling back process types to release v3.\nThe container engine did not do its part within 1 s: Start was made to fail."}"#);
    // The platform is not there yet, and all the same the next change is not kept waiting.
    story.memory.faults().next(Call::Ping, usize::MAX, Fault::Unavailable);
    assert_eq!(story.set(&app, "A", "1").await.unwrap_err().status, 503);
    story.memory.faults().clear();
    assert_eq!(story.set(&app, "A", "1").await.unwrap(), "v5 ana added A");
    assert_eq!(story.ps(&app).await, ["cmd up v5"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_platform_that_goes_away_for_good_leaves_the_old_release_running(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.set(&app, "DEIS_DEPLOY_TIMEOUT", "1").await.unwrap();
    story.deploy(&app, "web:1").await.unwrap();
    story.memory.faults().next(Call::Observe, 100_000, Fault::Unavailable);
    assert_eq!(story.deploy(&app, "web:2").await.unwrap_err().status, 400);
    assert_eq!(story.endpoints(&app).await, 1);
    story.memory.faults().clear();
    let back = async || story.ps(&app).await == ["cmd up v3"];
    story.eventually("all is as before", back).await;
}
