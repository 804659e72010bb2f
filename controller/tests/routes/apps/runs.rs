//! `/v2/apps/{id}/runs`

use axum::http::StatusCode;
use controller::platform::memory::Script;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Client, Installation};

const RUNS: &str = "/v2/apps/blog/runs";

/// An app `blog`, whose image does what the script says.
async fn blog(pool: PgPool, script: Script) -> (Installation, Client) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example:latest", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/builds", json!({"image": "example"})).await.expect(StatusCode::CREATED);
    installation.platform.image("example:latest", script);
    (installation, admin)
}

/// Waits until the app's log has that line.
async fn logged(installation: &Installation, client: &Client, line: &str) {
    let has = async || client.get("/v2/apps/blog/logs?log_lines=1000").await.body.contains(line);
    installation.eventually(has).await;
}

async fn is_empty(installation: &Installation, client: &Client) {
    installation.eventually(async || client.get(RUNS).await.json()["count"] == 0).await;
    let gone = async || {
        let rows: i64 = sqlx::query_scalar("select count(*) from runs").fetch_one(&installation.pool).await.unwrap();
        rows == 0
    };
    installation.eventually(gone).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_detached_run_goes_to_its_end_and_its_lines_to_the_log(pool: PgPool) {
    let (installation, admin) = blog(pool, Script::exits(3, &["imported 17 posts"])).await;
    let begun = admin.post(RUNS, json!({"command": "import", "name": "nightly"})).await.expect(StatusCode::CREATED);
    let body = begun.json();
    assert_eq!((&body["name"], &body["user"], &body["detached"]), (&json!("nightly"), &json!("admin"), &json!(true)));
    logged(&installation, &admin, "blog[run.v2.nightly]: imported 17 posts\n").await;
    logged(&installation, &admin, "WARN blog-run-nightly ended with exit code 3\n").await;
    is_empty(&installation, &admin).await;
    // The name is free again.
    admin.post(RUNS, json!({"command": "import", "name": "nightly"})).await.expect(StatusCode::CREATED);
}

#[sqlx::test(migrations = "../migrations")]
async fn runs_are_listed_and_stopped(pool: PgPool) {
    let (installation, admin) = blog(pool, Script::default()).await;
    assert_snapshot!(admin.get(RUNS).await, @r#"200 {"count":0,"results":[]}"#);
    admin
        .post(RUNS, json!({"command": "import", "name": "nightly", "time_limit": 600}))
        .await
        .expect(StatusCode::CREATED);
    assert_snapshot!(admin.get(RUNS).await, @r#"200 {"count":1,"results":[{"command":"import","created":"<time>","detached":true,"name":"nightly","release":"v2","until":"<time>","user":"admin"}]}"#);
    assert_snapshot!(admin.post(RUNS, json!({"command": "import", "name": "nightly"})).await, @r#"409 {"detail":"There is a run blog-run-nightly already."}"#);
    assert_eq!(admin.get("/v2/apps/blog/pods").await.json()["count"], 1, "it is no process");
    admin.post("/v2/apps/blog/runs/nightly/stop", json!({})).await.expect(StatusCode::NO_CONTENT);
    is_empty(&installation, &admin).await;
    logged(&installation, &admin, "admin stopped blog-run-nightly\n").await;
    assert_snapshot!(admin.post("/v2/apps/blog/runs/nightly/stop", json!({})).await, @r#"404 {"detail":"There is no such run under way."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_whose_time_is_over_is_ended(pool: PgPool) {
    let (installation, admin) = blog(pool, Script::default()).await;
    admin.post(RUNS, json!({"command": "import", "name": "slow", "time_limit": 1})).await.expect(StatusCode::CREATED);
    logged(&installation, &admin, "WARN blog-run-slow is ended: its time limit of 1 s is over\n").await;
    is_empty(&installation, &admin).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_that_cannot_begin_leaves_nothing(pool: PgPool) {
    let (installation, admin) = blog(pool, Script::default()).await;
    assert_snapshot!(admin.post(RUNS, json!({})).await, @r#"400 {"detail":"command is a required field"}"#);
    assert_snapshot!(admin.post(RUNS, json!({"command": "a", "name": "Nightly"})).await, @r#"400 {"name":["Names of runs can only contain a-z (lowercase), 0-9 and single hyphens"]}"#);
    assert_snapshot!(admin.post(RUNS, json!({"command": "a", "time_limit": 0})).await, @r#"400 {"time_limit":["A run has a time limit of 1 second to 7 days."]}"#);
    assert_snapshot!(admin.post(RUNS, json!({"command": "a", "time_limit": 9_999_999})).await, @r#"400 {"time_limit":["A run has a time limit of 1 second to 7 days."]}"#);
    let faults = installation.platform.faults();
    faults.next(controller::platform::memory::Call::StartRun, 1, controller::platform::memory::Fault::AnswerLost);
    admin.post(RUNS, json!({"command": "a"})).await.expect(StatusCode::SERVICE_UNAVAILABLE);
    is_empty(&installation, &admin).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_is_begun_once(pool: PgPool) {
    let (_installation, admin) = blog(pool, Script::default()).await;
    let once = admin.with_key("k1");
    let first = once.post(RUNS, json!({"command": "import"})).await.expect(StatusCode::CREATED).json();
    assert_eq!(once.post(RUNS, json!({"command": "import"})).await.expect(StatusCode::CREATED).json(), first);
    assert_eq!(admin.get(RUNS).await.json()["count"], 1);
}
