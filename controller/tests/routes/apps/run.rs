//! `/v2/apps/{id}/run`, `/v2/apps/{id}/logs`

use axum::http::StatusCode;
use controller::platform::memory::Script;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{Client, Installation};

/// An app `blog` whose image is `example`.
async fn blog(pool: PgPool) -> (Installation, Client) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example:latest", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/builds", json!({"image": "example"})).await.expect(StatusCode::CREATED);
    let greeting = Script { complains: vec!["careful".to_owned()], ..Script::exits(7, &["hello"]) };
    installation.platform.image("example:latest", greeting);
    (installation, admin)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_command_is_run(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    let answer = admin.post("/v2/apps/blog/run", json!({"command": "greet"})).await;
    assert_snapshot!(answer, @r#"200 {"exit_code":7,"output":"hello\ncareful\n"}"#);
    assert_snapshot!(admin.post("/v2/apps/blog/run", json!({})).await, @r#"400 {"detail":"command is a required field"}"#);
    admin.post("/v2/apps", json!({"id": "empty"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.post("/v2/apps/empty/run", json!({"command": "greet"})).await, @r#"400 {"detail":"No build associated with this release to run this command"}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn output_comes_as_it_is_written(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    let streaming = admin.with_header("Accept", "application/x-ndjson");
    let answer = streaming.post("/v2/apps/blog/run", json!({"command": "greet"})).await.expect(StatusCode::OK);
    assert_eq!(answer.header("Content-Type"), "application/x-ndjson");
    let events: Vec<Value> = answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["started", "stdout", "stderr", "exited"]);
    assert!(events[0]["name"].as_str().unwrap().starts_with("blog-run-"));
    assert_eq!(events[3]["code"], 7);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_command_is_run_once(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    let once = admin.with_key("k1");
    once.post("/v2/apps/blog/run", json!({"command": "greet"})).await.expect(StatusCode::OK);
    assert_snapshot!(once.post("/v2/apps/blog/run", json!({"command": "greet"})).await, @r#"409 {"detail":"This run was started before. A run is never repeated for the same Idempotency-Key."}"#);
    assert_eq!(admin.get("/v2/apps/blog/logs").await.body.matches("runs 'greet'").count(), 1);
    // A run that never began may be tried again.
    admin.post("/v2/apps", json!({"id": "empty"})).await.expect(StatusCode::CREATED);
    for _ in 0..2 {
        once.post("/v2/apps/empty/run", json!({"command": "greet"})).await.expect(StatusCode::BAD_REQUEST);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_log_tells_what_happened(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    admin.post("/v2/apps/blog/domains", json!({"domain": "www.example.com"})).await.expect(StatusCode::CREATED);
    let log = admin.get("/v2/apps/blog/logs?log_lines=1").await.expect(StatusCode::OK);
    assert_eq!(log.header("Content-Type"), "text/plain; charset=utf-8");
    let (_, line) = log.body.split_once(' ').unwrap();
    assert_eq!(line, "deis[controller]: INFO domain www.example.com added\n");
    let all = admin.get("/v2/apps/blog/logs?log_lines=junk").await.expect(StatusCode::OK);
    assert!(all.body.contains("INFO admin created initial release\n"), "{}", all.body);
}
