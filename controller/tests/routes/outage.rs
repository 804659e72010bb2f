//! While the platform does not answer, changes of what runs are refused at once, and nothing is written.

use axum::http::StatusCode;
use controller::platform::memory::{Call, Fault, Script};
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Client, Installation};

/// An app that runs v3.
async fn blog(pool: PgPool) -> (Installation, Client) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("web:1", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/builds", json!({"image": "web:1"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/config", json!({"values": {"A": "1"}})).await.expect(StatusCode::CREATED);
    (installation, admin)
}

#[sqlx::test(migrations = "../migrations")]
async fn changes_of_what_runs_are_refused_at_once(pool: PgPool) {
    let (installation, admin) = blog(pool).await;
    let rows = "select (select count(*) from operations) + (select count(*) from runs) + (select count(*) from audit)";
    let rows = async || sqlx::query_scalar::<_, i64>(rows).fetch_one(&installation.pool).await.unwrap();
    let before = rows().await;
    for call in [Call::Ping, Call::Observe] {
        installation.platform.faults().next(call, usize::MAX, Fault::Unavailable);
    }
    for (path, body) in [
        ("builds", json!({"image": "web:1"})),
        ("config", json!({"values": {"A": "2"}})),
        ("releases/rollback", json!({"version": 2})),
        ("scale", json!({"cmd": 2})),
        ("pods/restart", json!({})),
        ("run", json!({"command": "true"})),
    ] {
        let answer = admin.with_key("k1").post(&format!("/v2/apps/blog/{path}"), body).await;
        assert_eq!(answer.header("retry-after"), "2", "{path}");
        let refused = r#"503 {"detail":"The container engine cannot be reached. Nothing was changed, and apps that run are not affected."}"#;
        assert_eq!(answer.to_string(), refused, "{path}");
    }
    assert_snapshot!(admin.get("/v2/apps/blog/pods").await, @r#"503 {"detail":"The container engine cannot be reached. Apps that run are not affected."}"#);
    assert_eq!(rows().await, before);
    assert_eq!(admin.get("/v2/apps/blog").await.json()["structure"], json!({"cmd": 1}));
    installation.platform.faults().clear();
    admin.with_key("k1").post("/v2/apps/blog/scale", json!({"cmd": 2})).await.expect(StatusCode::NO_CONTENT);
}

/// The platform went away between the question and the work.
#[sqlx::test(migrations = "../migrations")]
async fn a_change_that_was_refused_later_may_be_tried_again(pool: PgPool) {
    let (installation, admin) = blog(pool).await;
    let once = admin.with_key("k1");
    let build = json!({"image": "web:1"});
    installation.platform.faults().next(Call::PrepareImage, 1, Fault::Unavailable);
    once.post("/v2/apps/blog/builds", build.clone()).await.expect(StatusCode::SERVICE_UNAVAILABLE);
    let first = once.post("/v2/apps/blog/builds", build.clone()).await.expect(StatusCode::CREATED);
    // What was done is not done again, and how it ended is told although the platform is away.
    installation.platform.faults().next(Call::Ping, usize::MAX, Fault::Unavailable);
    let again = once.post("/v2/apps/blog/builds", build).await.expect(StatusCode::CREATED);
    assert_eq!(again.json(), first.json());
}
