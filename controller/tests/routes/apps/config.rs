//! `/v2/apps/{id}/config`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn values_are_set_and_unset(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let set = async |body: Value| admin.post("/v2/apps/blog/config/", body).await;
    assert_snapshot!(set(json!({"values": {"A": "1", "B": 2, "C": true}})).await, @r#"201 {"app":"blog","cpu":{},"created":"<time>","healthcheck":{},"lifecycle_post_start":{},"lifecycle_pre_stop":{},"memory":{},"owner":"admin","registry":{},"tags":{},"termination_grace_period":{},"updated":"<time>","uuid":"<uuid>","values":{"A":"1","B":"2","C":"True"}}"#);
    assert_snapshot!(set(json!({"values": {"A": null}})).await.json()["values"], @r#"{"B":"2","C":"True"}"#);
    assert_snapshot!(set(json!({"values": {"A": null}})).await, @r#"422 {"detail":"A does not exist under values"}"#);
    assert_snapshot!(set(json!({"values": {"B": "2"}})).await, @r#"409 {"detail":"admin changed nothing - release stopped"}"#);
    assert_snapshot!(set(json!({"values": {"1A": "x"}})).await, @r#"400 {"values":["Config keys must start with a letter or underscore and only contain [A-z0-9_]"]}"#);
    assert_snapshot!(set(json!({"values": {"PORT": "x"}})).await, @r#"400 {"values":["PORT can only be a numeric value"]}"#);
    assert_snapshot!(set(json!({"values": "x"})).await, @r#"400 {"values":["invalid type: string \"x\", expected a map"]}"#);
    assert_snapshot!(admin.get("/v2/apps/blog/releases").await.json()["results"][0]["summary"], @r#""admin deleted A""#);
}

#[sqlx::test(migrations = "../migrations")]
async fn two_clients_at_once_lose_no_update(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let changes = (0..8).map(|n| {
        let admin = admin.clone();
        let body = json!({"values": {format!("KEY{n}"): "x"}});
        tokio::spawn(async move { admin.post("/v2/apps/blog/config", body).await.expect(StatusCode::CREATED) })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap();
    }
    let config = admin.get("/v2/apps/blog/config").await.json();
    assert_eq!(config["values"].as_object().unwrap().len(), 8);
    assert_eq!(admin.get("/v2/apps/blog/releases").await.json()["results"][0]["version"], 9);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_change_sent_again_is_made_once(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let once = admin.with_key("k1");
    let body = json!({"values": {"A": "1"}});
    let first = once.post("/v2/apps/blog/config", body.clone()).await.expect(StatusCode::CREATED);
    let second = once.post("/v2/apps/blog/config", body.clone()).await.expect(StatusCode::CREATED);
    assert_eq!(first.json(), second.json());
    // A refusal is as good an answer.
    let again = admin.with_key("k2");
    let refused = again.post("/v2/apps/blog/config", body.clone()).await.expect(StatusCode::CONFLICT);
    admin.post("/v2/apps/blog/config", json!({"values": {"A": "2"}})).await.expect(StatusCode::CREATED);
    assert_eq!(again.post("/v2/apps/blog/config", body).await.body, refused.body);
    let rows: Vec<String> =
        sqlx::query_scalar("select k::text from idempotency_keys k").fetch_all(&installation.pool).await.unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
}
