//! Stories of images: what is kept for an app, and what is not.

use sqlx::PgPool;

use super::{PATIENCE, Story};
use crate::{
    db::app::App,
    operation::{self, Patch},
    platform::{
        Platform,
        memory::{Call, Fault, Script},
    },
    workload,
};

impl Story {
    async fn kept(&self, app: &App) -> Vec<String> {
        self.memory.images(&workload::app_ref(app)).await.unwrap()
    }

    async fn destroy(&self, app: &App) {
        let mut tx = self.state.pool.begin().await.unwrap();
        operation::destroy(&mut tx, app, &self.ana).await.unwrap();
        tx.commit().await.unwrap();
        assert!(operation::destroy::wait_gone(&self.state, app, PATIENCE).await.unwrap());
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_image_that_nothing_came_of_is_not_kept(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.memory.image("portless:1", Script::default());
    assert_eq!(story.deploy(&app, "portless:1").await.unwrap_err().status, 400);
    let none = async || story.kept(&app).await.is_empty();
    story.eventually("nothing is kept", none).await;
    // One that a release has is needed for rollbacks, whatever else it was asked for.
    story.deploy(&app, "web:1").await.unwrap();
    story.deploy(&app, "web:2").await.unwrap();
    story.memory.faults().next(Call::Ping, 1, Fault::Unavailable);
    assert_eq!(story.deploy(&app, "web:1").await.unwrap_err().status, 503);
    story.set(&app, "A", "1").await.unwrap();
    assert_eq!(story.kept(&app).await, ["web:1", "web:2"]);
}

/// Whatever was left over: here the platform was away when it should have been forgotten.
#[sqlx::test(migrations = "../migrations")]
async fn with_an_app_all_its_images_go(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.deploy(&app, "web:1").await.unwrap();
    story.memory.image("portless:1", Script::default());
    story.memory.faults().next(Call::ForgetImage, 1, Fault::Unavailable);
    assert_eq!(story.deploy(&app, "portless:1").await.unwrap_err().status, 400);
    story.set(&app, "A", "1").await.unwrap();
    assert_eq!(story.kept(&app).await, ["portless:1", "web:1"]);
    story.destroy(&app).await;
    assert!(story.kept(&app).await.is_empty());
}

#[sqlx::test(migrations = "../migrations")]
async fn half_a_registry_login_is_told(pool: PgPool) {
    let story = Story::begin(pool).await;
    let app = story.app().await;
    story.set(&app, "PORT", "5000").await.unwrap();
    let registry = [("username".to_owned(), Some("bob".into()))].into();
    let half = Patch::Config(api::types::ConfigPatch { registry, ..Default::default() });
    story.change(&app, half).await.unwrap();
    let answer = story.deploy(&app, "web:1").await.unwrap_err();
    let body = serde_json::to_string(&answer.body).unwrap();
    assert_eq!(body, r#"{"detail":"Registry auth requires a username and a password"}"#);
}
