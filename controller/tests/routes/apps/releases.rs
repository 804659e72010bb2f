//! `/v2/apps/{id}/releases`

use axum::http::StatusCode;
use controller::platform::memory::Script;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn releases_are_rolled_back(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example:latest", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/builds", json!({"image": "example"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/config", json!({"values": {"A": "1"}})).await.expect(StatusCode::CREATED);
    let rollback = async |body: Value| admin.post("/v2/apps/blog/releases/rollback/", body).await;
    assert_snapshot!(rollback(json!({})).await, @r#"201 {"version":4}"#);
    assert_snapshot!(admin.get("/v2/apps/blog/config").await.json()["values"], @"{}");
    assert_snapshot!(rollback(json!({"version": 3})).await, @r#"201 {"version":5}"#);
    assert_snapshot!(admin.get("/v2/apps/blog/config").await.json()["values"], @r#"{"A":"1"}"#);
    assert_snapshot!(rollback(json!({"version": 1})).await, @r#"400 {"detail":"Cannot roll back to initial release."}"#);
    assert_snapshot!(rollback(json!({"version": 0})).await, @r#"400 {"detail":"version cannot be below 0"}"#);
    assert_snapshot!(rollback(json!({"version": 99})).await, @r#"400 {"detail":"Release matching query does not exist."}"#);
    assert_snapshot!(rollback(json!({"version": "x"})).await, @r#"400 {"version":["invalid type: string \"x\", expected i64"]}"#);
    let page = admin.get("/v2/apps/blog/releases/?limit=2").await.json();
    let shown: Vec<_> =
        page["results"].as_array().unwrap().iter().map(|release| release["summary"].as_str().unwrap()).collect();
    assert_eq!((page["count"].as_u64(), shown), (Some(5), vec!["admin rolled back to v3", "admin rolled back to v2"]));
}

#[sqlx::test(migrations = "../migrations")]
async fn releases_that_are_not(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    for missing in ["v2", "v0", "v99999999999"] {
        let answer = admin.get(&format!("/v2/apps/blog/releases/{missing}")).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (404, "\"No Release matches the given query.\""));
    }
    for no_url in ["1", "v", "vx", "v-1"] {
        let answer = admin.get(&format!("/v2/apps/blog/releases/{no_url}")).await.expect(StatusCode::NOT_FOUND);
        assert!(answer.body.starts_with("<!doctype html>"), "{answer}");
    }
}
