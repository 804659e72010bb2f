//! `/v2/auth/api-tokens`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Client, Installation};

const TOKENS: &str = "/v2/auth/api-tokens";

/// The same user with a new token.
async fn make(client: &Client, body: serde_json::Value) -> Client {
    let made = client.post(TOKENS, body).await.expect(StatusCode::CREATED);
    client.with_token(made.json()["token"].as_str().unwrap())
}

/// Lets the token's time come.
async fn expire(installation: &Installation, name: &str) {
    let query = "update tokens set expires_at = now() - interval '1 second' where name = $1";
    sqlx::query(query).bind(name).execute(&installation.pool).await.unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn the_life_of_a_token(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let wanted = json!({"name": "ci", "scopes": ["write", "identity", "write"], "apps": ["blog"], "expires_in": 86400});
    let made = ana.post(TOKENS, wanted.clone()).await;
    assert_snapshot!(made, @r#"201 {"apps":["blog"],"created":"<time>","expired":false,"expires":"<time>","name":"ci","scopes":["identity","write"],"token":"<token>","uuid":"<uuid>"}"#);
    let ci = ana.with_token(made.json()["token"].as_str().unwrap());
    assert_eq!(ci.get("/v2/auth/whoami").await.json()["username"], "ana");
    assert_snapshot!(ana.get(TOKENS).await, @r#"200 {"count":1,"next":null,"previous":null,"results":[{"apps":["blog"],"created":"<time>","expired":false,"expires":"<time>","name":"ci","scopes":["identity","write"],"uuid":"<uuid>"}]}"#);
    assert_snapshot!(ana.post(TOKENS, wanted.clone()).await, @r#"400 {"name":["You have a token of that name already. Revoke it, or choose another name."]}"#);
    // They are everybody's own.
    assert_snapshot!(admin.get(TOKENS).await, @r#"200 {"count":0,"next":null,"previous":null,"results":[]}"#);
    assert_snapshot!(admin.delete("/v2/auth/api-tokens/ci").await, @r#"404 "No Token matches the given query.""#);
    assert_snapshot!(ana.delete("/v2/auth/api-tokens/ci").await, @"204");
    assert_snapshot!(ana.delete("/v2/auth/api-tokens/ci").await, @r#"404 "No Token matches the given query.""#);
    assert_snapshot!(ci.get("/v2/auth/whoami").await, @r#"401 {"detail":"Invalid token."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_has_expired_is_as_if_it_had_never_been(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let wanted = json!({"name": "ci", "scopes": ["read"], "expires_in": 86400});
    let ci = make(&admin, wanted.clone()).await;
    ci.get("/v2/apps").await.expect(StatusCode::OK);
    expire(&installation, "ci").await;
    let unknown = admin.with_token("sw_api_0123").get("/v2/apps").await;
    let expired = ci.get("/v2/apps").await;
    assert_eq!((expired.status, &expired.body), (unknown.status, &unknown.body));
    assert_eq!(expired.header("www-authenticate"), "Token");
    assert_snapshot!(expired, @r#"401 {"detail":"Invalid token."}"#);
    assert_eq!(admin.get(TOKENS).await.json()["results"][0]["expired"], true);
    // Its name is free.
    make(&admin, wanted).await.get("/v2/apps").await.expect(StatusCode::OK);
    ci.get("/v2/apps").await.expect(StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn every_wrong_field_is_told(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(ana.post(TOKENS, json!({})).await, @r#"400 {"name":["This field may not be blank."],"scopes":["This list may not be empty."]}"#);
    let wrong = json!({"name": "a b", "scopes": ["read", "all"], "apps": ["Blog"], "expires_in": 0});
    assert_snapshot!(ana.post(TOKENS, wrong).await, @r#"400 {"apps":["App name must start with an alphabetic character, cannot end with a hyphen and can only contain a-z (lowercase), 0-9 and hyphens."],"expires_in":["Ensure this value is between 1 and 316224000."],"name":["Can only contain letters, digits, dots, hyphens and underscores"],"scopes":["\"all\" is not a scope. There are global, identity, read, read-protected, write, write-protected."]}"#);
    // Somebody else's app is no app.
    for name in ["blog", "none"] {
        let answer = ana.post(TOKENS, json!({"name": "ci", "scopes": ["read"], "apps": [name]})).await;
        assert_eq!(answer.body, format!(r#"{{"apps":["There is no app {name} that you may use."]}}"#));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn programs_outlive_logins(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    let ci = make(&ana, json!({"name": "ci", "scopes": ["identity"]})).await;
    let again = ana.post("/v2/auth/tokens/", json!({})).await.expect(StatusCode::OK);
    ana.get("/v2/auth/whoami").await.expect(StatusCode::UNAUTHORIZED);
    ci.get("/v2/auth/whoami").await.expect(StatusCode::OK);
    admin.post("/v2/auth/tokens/", json!({"all": true})).await.expect(StatusCode::OK);
    ana.with_token(again.json()["token"].as_str().unwrap()).get("/v2/").await.expect(StatusCode::UNAUTHORIZED);
    ci.get("/v2/auth/whoami").await.expect(StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn no_answer_with_a_token_is_kept(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let admin = admin.with_key("one");
    let made = admin.post(TOKENS, json!({"name": "ci", "scopes": ["read"]})).await.expect(StatusCode::CREATED);
    let kept: i64 = sqlx::query_scalar("select count(*) from idempotency_keys where body::text like '%sw_api_%'")
        .fetch_one(&installation.pool)
        .await
        .unwrap();
    assert_eq!(kept, 0);
    let text = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(text.len(), "sw_api_".len() + 64);
}
