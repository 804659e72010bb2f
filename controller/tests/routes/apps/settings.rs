//! `/v2/apps/{id}/settings`, `/v2/apps/{id}/tls`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn settings_change(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let set = async |body| admin.post("/v2/apps/blog/settings/", body).await;
    assert_snapshot!(set(json!({"maintenance": true})).await, @r#"201 {"app":"blog","autoscale":{},"created":"<time>","label":{},"maintenance":true,"owner":"admin","routable":true,"updated":"<time>","uuid":"<uuid>","whitelist":[]}"#);
    assert_snapshot!(set(json!({"maintenance": true})).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(set(json!({"maintenance": false, "routable": false})).await.json()["routable"], @"false");
    assert_snapshot!(set(json!({"label": {"team": "frontend", "tier": 2}})).await.json()["label"], @r#"{"team":"frontend","tier":2}"#);
    assert_snapshot!(set(json!({"label": {"team": null}})).await.json()["label"], @r#"{"tier":2}"#);
    assert_snapshot!(set(json!({"label": {"team": null}})).await, @r#"422 {"detail":"team does not exist under label"}"#);
    assert_snapshot!(set(json!({})).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(set(json!({"maintenance": "yes"})).await, @r#"400 {"maintenance":["invalid type: string \"yes\", expected a boolean"]}"#);
    assert_snapshot!(set(json!({"autoscale": {}})).await, @r#"400 {"autoscale":["This field is not known here."]}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn two_changes_at_once_lose_nothing(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let changes = (0..8).map(|n| {
        let admin = admin.clone();
        let body = json!({"label": {format!("key{n}"): n}});
        tokio::spawn(async move { admin.post("/v2/apps/blog/settings", body).await.expect(StatusCode::CREATED) })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap();
    }
    let settings = admin.get("/v2/apps/blog/settings").await.json();
    assert_eq!(settings["label"].as_object().unwrap().len(), 8);
}

#[sqlx::test(migrations = "../migrations")]
async fn https_is_enforced(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.get("/v2/apps/blog/tls").await, @r#"200 {"app":"blog","created":"<time>","https_enforced":null,"owner":"admin","updated":"<time>","uuid":"<uuid>"}"#);
    assert_snapshot!(admin.post("/v2/apps/blog/tls", json!({"https_enforced": true})).await, @r#"201 {"app":"blog","created":"<time>","https_enforced":true,"owner":"admin","updated":"<time>","uuid":"<uuid>"}"#);
    assert_snapshot!(admin.post("/v2/apps/blog/tls/", json!({"https_enforced": true})).await, @r#"409 {"detail":"admin changed nothing"}"#);
    assert_snapshot!(admin.post("/v2/apps/blog/tls", json!({"https_enforced": "x"})).await, @r#"400 {"https_enforced":["invalid type: string \"x\", expected a boolean"]}"#);
}
