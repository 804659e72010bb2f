//! `/v2/apps/{id}/perms`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn owners_share_their_apps(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    let ben = installation.user(&admin, "ben").await;
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(ana.post("/v2/apps/blog/perms/", json!({"username": "ben"})).await, @"201");
    assert_snapshot!(ana.post("/v2/apps/blog/perms/", json!({"username": "ben"})).await, @"201");
    assert_snapshot!(ben.get("/v2/apps/blog/perms").await, @r#"200 {"users":["ben"]}"#);
    // Collaborators share nothing further, and remove nobody but themselves.
    assert_snapshot!(ben.post("/v2/apps/blog/perms", json!({"username": "admin"})).await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    assert_snapshot!(ben.delete("/v2/apps/blog/perms/ana").await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    assert_snapshot!(ana.delete("/v2/apps/blog/perms/admin").await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    assert_snapshot!(ana.delete("/v2/apps/blog/perms/nobody").await, @r#"404 "No User matches the given query.""#);
    assert_snapshot!(ben.delete("/v2/apps/blog/perms/ben").await, @"204");
    assert_snapshot!(ben.get("/v2/apps/blog").await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_takes_over_an_old_name_does_not_take_over_its_past(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ben = installation.user(&admin, "ben").await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/perms", json!({"username": "ben"})).await.expect(StatusCode::CREATED);
    ben.delete("/v2/auth/cancel").await.expect(StatusCode::NO_CONTENT);
    let another = installation.user(&admin, "ben").await;
    assert_snapshot!(another.get("/v2/apps/blog").await, @r#"404 "No App matches the given query.""#);
}
