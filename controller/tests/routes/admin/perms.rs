//! `/v2/admin/perms`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn administrators_make_and_unmake_administrators(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    ana.get("/v2/admin/perms").await.expect(StatusCode::FORBIDDEN);
    assert_snapshot!(admin.post("/v2/admin/perms", json!({"username": "ana"})).await, @"201");
    assert_snapshot!(ana.get("/v2/admin/perms").await, @r#"200 {"count":2,"next":null,"previous":null,"results":[{"is_superuser":true,"username":"admin"},{"is_superuser":true,"username":"ana"}]}"#);
    assert_snapshot!(ana.delete("/v2/admin/perms/admin").await, @"204");
    admin.get("/v2/users").await.expect(StatusCode::FORBIDDEN);
    assert_snapshot!(ana.delete("/v2/admin/perms/ana").await, @r#"409 {"detail":"ana is the only administrator. Make another user one first."}"#);
    assert_snapshot!(ana.post("/v2/admin/perms", json!({"username": "nobody"})).await, @r#"404 "No User matches the given query.""#);
    assert_snapshot!(ana.post("/v2/admin/perms", json!({})).await, @r#"400 {"username":["This field is required."]}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_two_administrators_who_unmake_each_other_one_stays(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    admin.post("/v2/admin/perms", json!({"username": "ana"})).await.expect(StatusCode::CREATED);
    tokio::join!(admin.delete("/v2/admin/perms/ana"), ana.delete("/v2/admin/perms/admin"));
    let left: i64 = sqlx::query_scalar("select count(*) from users where is_superuser")
        .fetch_one(&installation.pool)
        .await
        .unwrap();
    assert_eq!(left, 1);
}
