//! `POST /v2/auth/tokens/`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn a_new_token_takes_the_place_of_all_others(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let laptop = installation.user(&admin, "ana").await;
    let mut desktop = installation.anybody();
    desktop.login("ana").await;
    let answer = laptop.post("/v2/auth/tokens/", json!({})).await;
    assert_snapshot!(answer, @r#"200 {"token":"<token>"}"#);
    for old in [&laptop, &desktop] {
        old.get("/v2/auth/whoami").await.expect(StatusCode::UNAUTHORIZED);
    }
    laptop.with_token(answer.json()["token"].as_str().unwrap()).get("/v2/auth/whoami").await.expect(StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn administrators_regenerate_for_others(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    assert_snapshot!(ana.post("/v2/auth/tokens/", json!({"username": "admin"})).await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    ana.post("/v2/auth/tokens/", json!({"all": true})).await.expect(StatusCode::FORBIDDEN);
    let answer = admin.post("/v2/auth/tokens/", json!({"username": "ana"})).await.expect(StatusCode::OK);
    ana.get("/v2/auth/whoami").await.expect(StatusCode::UNAUTHORIZED);
    let ana = ana.with_token(answer.json()["token"].as_str().unwrap());
    assert_eq!(ana.get("/v2/auth/whoami").await.json()["username"], "ana");
    assert_snapshot!(admin.post("/v2/auth/tokens/", json!({"all": true})).await, @r#"200 """#);
    for out in [&ana, &admin] {
        out.get("/v2/auth/whoami").await.expect(StatusCode::UNAUTHORIZED);
    }
}
