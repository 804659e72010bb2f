//! `POST /v2/auth/passwd`, `DELETE /v2/auth/cancel`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Installation, PASSWORD};

#[sqlx::test(migrations = "../migrations")]
async fn users_change_their_password(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let here = installation.user(&admin, "ana").await;
    let mut elsewhere = installation.anybody();
    elsewhere.login("ana").await;
    let passwd = async |form| here.post("/v2/auth/passwd", form).await;
    assert_snapshot!(passwd(json!({})).await, @r#"400 {"detail":"new_password is a required field"}"#);
    assert_snapshot!(passwd(json!({"new_password": "other"})).await, @r#"400 {"detail":"password is a required field"}"#);
    assert_snapshot!(passwd(json!({"new_password": "other", "password": "guess"})).await, @r#"401 {"detail":"Current password does not match"}"#);
    assert_snapshot!(passwd(json!({"new_password": "other", "password": PASSWORD})).await, @r#"200 {"status":"password set"}"#);
    // Whoever logged in with the old one is out, but not who changed it.
    elsewhere.get("/v2/auth/whoami").await.expect(StatusCode::UNAUTHORIZED);
    here.get("/v2/auth/whoami").await.expect(StatusCode::OK);
    here.try_login("ana", PASSWORD).await.expect(StatusCode::BAD_REQUEST);
    here.try_login("ana", "other").await.expect(StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn only_administrators_change_the_passwords_of_others(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    let form = json!({"username": "admin", "new_password": "mine", "password": PASSWORD});
    assert_snapshot!(ana.post("/v2/auth/passwd", form).await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    admin.post("/v2/auth/passwd", json!({"username": "ana", "new_password": "other"})).await.expect(StatusCode::OK);
    ana.get("/v2/auth/whoami").await.expect(StatusCode::UNAUTHORIZED);
    ana.try_login("ana", "other").await.expect(StatusCode::OK);
    let nobody = admin.post("/v2/auth/passwd", json!({"username": "nobody", "new_password": "other"})).await;
    assert_snapshot!(nobody, @r#"404 "No User matches the given query.""#);
}

#[sqlx::test(migrations = "../migrations")]
async fn guessing_the_current_password_is_limited(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let thief = installation.user(&admin, "ana").await;
    let guess = json!({"new_password": "mine", "password": "guess"});
    for _ in 0..10 {
        thief.post("/v2/auth/passwd", guess.clone()).await.expect(StatusCode::UNAUTHORIZED);
    }
    thief.post("/v2/auth/passwd", guess).await.expect(StatusCode::TOO_MANY_REQUESTS);
}

#[sqlx::test(migrations = "../migrations")]
async fn accounts_are_cancelled(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    let refused = ana.delete_with("/v2/auth/cancel", json!({"username": "admin"})).await;
    assert_snapshot!(refused, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    ana.delete("/v2/auth/cancel/").await.expect(StatusCode::NO_CONTENT);
    ana.get("/v2/auth/whoami").await.expect(StatusCode::UNAUTHORIZED);
    installation.user(&admin, "ana").await;
    admin.delete_with("/v2/auth/cancel", json!({"username": "ana"})).await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(admin.delete_with("/v2/auth/cancel", json!({"username": "ana"})).await, @r#"404 "No User matches the given query.""#);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_last_administrator_goes_last(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    assert_snapshot!(admin.delete("/v2/auth/cancel").await, @r#"409 {"detail":"admin is the only administrator. Make another user one first."}"#);
    ana.delete("/v2/auth/cancel").await.expect(StatusCode::NO_CONTENT);
    admin.delete("/v2/auth/cancel").await.expect(StatusCode::NO_CONTENT);
    // The installation is as it was found.
    installation.anybody().register("eve").await.expect(StatusCode::FORBIDDEN);
}
