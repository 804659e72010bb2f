//! `/v2/keys`, and where apps are pushed to.

use api::types::SshAddress;
use axum::http::StatusCode;
use controller::state::Settings;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{Answer, Client, Installation};

/// A key, as `ssh-keygen` wrote it.
pub const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0";
/// Another one.
pub const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMH4oXxHykd0OUk5ZDXySLqid\
                         DWAmo6zB/RDBn/+e9xsww4LsCwaBMXgWoYu5PpkQDjPdsrqOHybcptUwx9NLOs=";

/// Adds a key.
pub async fn add(client: &Client, id: &str, public: &str) -> Answer {
    client.post("/v2/keys", json!({"id": id, "public": public})).await
}

#[sqlx::test(migrations = "../migrations")]
async fn keys_come_and_go(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    assert_snapshot!(admin.get("/v2/keys").await, @r#"200 {"count":0,"next":null,"previous":null,"results":[]}"#);
    // Clients send the file as it is.
    assert_snapshot!(add(&admin, "ana@laptop", &format!("{ED25519} ana@laptop\n")).await, @r#"201 {"created":"<time>","fingerprint":"d1:9c:80:76:b6:3f:38:38:76:d0:6d:27:25:3f:23:7f","id":"ana@laptop","owner":"admin","public":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0 ana@laptop","updated":"<time>","uuid":"<uuid>"}"#);
    add(&admin, "work/desk top", ECDSA).await.expect(StatusCode::CREATED);
    let page = admin.get("/v2/keys/?limit=1").await.json();
    // By their text.
    assert_eq!((&page["count"], &page["results"][0]["id"]), (&json!(2), &json!("work/desk top")));
    assert_snapshot!(admin.get("/v2/keys/ana@laptop").await, @r#"200 {"created":"<time>","fingerprint":"d1:9c:80:76:b6:3f:38:38:76:d0:6d:27:25:3f:23:7f","id":"ana@laptop","owner":"admin","public":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0 ana@laptop","updated":"<time>","uuid":"<uuid>"}"#);
    assert_snapshot!(admin.get("/v2/keys/ana@laptop/").await, @r#"404 "No Key matches the given query.""#);
    admin.delete("/v2/keys/ana%40laptop").await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(admin.delete("/v2/keys/ana@laptop").await, @r#"404 "No Key matches the given query.""#);
    admin.get("/v2/keys/work/desk%20top").await.expect(StatusCode::OK);
    admin.delete("/v2/keys/work%2Fdesk%20top").await.expect(StatusCode::NO_CONTENT);
    assert_eq!(admin.get("/v2/keys").await.json()["count"], 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_keys(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    add(&admin, "laptop", ED25519).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.post("/v2/keys", json!({})).await, @r#"400 {"id":["This field may not be blank."],"public":["This field may not be blank."]}"#);
    assert_snapshot!(add(&admin, "laptop", ECDSA).await, @r#"400 {"id":["SSH Key with this id already exists."]}"#);
    assert_snapshot!(add(&admin, "other", &format!("{ED25519} with a comment")).await, @r#"400 {"public":["Public Key is already in use"]}"#);
    assert_snapshot!(add(&admin, "other", "ssh-rsa AAAA!").await, @r#"400 {"public":["Key contains invalid base64 chars"]}"#);
    assert_snapshot!(add(&admin, "other", "ssh-rsa AAAAC3NzaC1lZDI1NTE5").await, @r#"400 {"public":["This is not a public key: its type and its content do not belong together."]}"#);
    assert_snapshot!(add(&admin, &"x".repeat(129), ECDSA).await, @r#"400 {"id":["Ensure this field has no more than 128 characters."]}"#);
    assert_snapshot!(admin.post("/v2/keys", json!({"id": 1, "public": ECDSA})).await, @r#"400 {"id":["invalid type: integer `1`, expected a string"]}"#);
    assert_eq!(admin.get("/v2/keys").await.json()["count"], 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_belongs_to_one_user(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    add(&admin, "laptop", ED25519).await.expect(StatusCode::CREATED);
    let taken = add(&ana, "mine", ED25519).await;
    assert_snapshot!(taken, @r#"400 {"public":["Public Key is already in use"]}"#);
    // Names are everybody's own, and so is what can be seen and removed, for administrators too.
    add(&ana, "laptop", ECDSA).await.expect(StatusCode::CREATED);
    assert_eq!(ana.get("/v2/keys/laptop").await.json()["public"], ECDSA);
    assert_eq!(admin.get("/v2/keys/laptop").await.json()["owner"], "admin");
    ana.delete("/v2/keys/laptop").await.expect(StatusCode::NO_CONTENT);
    admin.get("/v2/keys/laptop").await.expect(StatusCode::OK);
    // It is free when its owner is gone.
    add(&ana, "laptop", ECDSA).await.expect(StatusCode::CREATED);
    ana.delete("/v2/auth/cancel").await.expect(StatusCode::NO_CONTENT);
    add(&admin, "second", ECDSA).await.expect(StatusCode::CREATED);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_sent_twice_is_added_once(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    let once = admin.with_key("k1");
    let first = add(&once, "laptop", ED25519).await.expect(StatusCode::CREATED).json();
    assert_eq!(add(&once, "laptop", ED25519).await.expect(StatusCode::CREATED).json(), first);
}

#[sqlx::test(migrations = "../migrations")]
async fn clients_are_told_where_apps_are_pushed_to(pool: PgPool) {
    let host_keys = vec![ED25519.to_owned()];
    let ssh = Some(SshAddress { host: "slipway-builder.localhost".to_owned(), port: 2222, host_keys });
    let installation = Installation::with_settings(pool, Settings { ssh, ..Settings::default() }).await;
    let (_, admin) = installation.administered().await;
    let info: Value = admin.get("/v2/info").await.expect(StatusCode::OK).json();
    assert_snapshot!(info["ssh"], @r#"{"host":"slipway-builder.localhost","host_keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0"],"port":2222}"#);
}
