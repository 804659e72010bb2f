//! `Idempotency-Key`: a POST or DELETE that is sent twice is done once.

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn the_same_request_gets_the_same_answer(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    let once = admin.with_key("k1");
    let first = once.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let second = once.post("/v2/apps/", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_eq!(first.json(), second.json());
    // Without the key it is another request.
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_is_for_one_request(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    admin.with_key("k1").post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let other = admin.with_key("k1").post("/v2/apps", json!({"id": "shop"})).await;
    assert_snapshot!(other, @r#"422 {"detail":"This Idempotency-Key was used for another request. Use a new one."}"#);
    // Other people, and other apps, have their own keys.
    ana.with_key("k1").post("/v2/apps", json!({"id": "shop"})).await.expect(StatusCode::CREATED);
    let domain = json!({"domain": "www.example.com"});
    let answer = admin.with_key("k1").post("/v2/apps/blog/domains", domain).await;
    answer.expect(StatusCode::CREATED);
    let empty = admin.with_key("").post("/v2/apps", json!({})).await;
    assert_snapshot!(empty, @r#"400 {"detail":"An Idempotency-Key has 1 to 255 characters."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn of_many_at_once_one_is_done(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    let once = admin.with_key("k1");
    let requests = (0..8).map(|_| {
        let once = once.clone();
        tokio::spawn(async move { once.post("/v2/apps", json!({})).await.expect(StatusCode::CREATED).json() })
    });
    let mut names = std::collections::BTreeSet::new();
    for request in requests.collect::<Vec<_>>() {
        names.insert(request.await.unwrap()["id"].to_string());
    }
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(admin.get("/v2/apps").await.json()["count"], 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_failed_may_be_tried_again(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    let once = admin.with_key("k1");
    let grant = json!({"username": "ana"});
    once.post("/v2/admin/perms", grant.clone()).await.expect(StatusCode::NOT_FOUND);
    admin.register("ana").await.expect(StatusCode::CREATED);
    assert_snapshot!(once.post("/v2/admin/perms", grant.clone()).await, @"201");
    assert_snapshot!(once.post("/v2/admin/perms", grant).await, @"201");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_whose_holder_died_is_free_again(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.user(&admin, "ana").await;
    let once = admin.with_key("k1");
    let grant = json!({"username": "ana"});
    once.post("/v2/admin/perms", grant.clone()).await.expect(StatusCode::CREATED);
    // As if the controller had been killed before it kept its answer; until its hold is over it may still be at work.
    sqlx::query("update idempotency_keys set status = null, held_until = now() + interval '1 second'")
        .execute(&installation.pool)
        .await
        .unwrap();
    once.post("/v2/admin/perms", grant).await.expect(StatusCode::CREATED);
    let grants: i64 = sqlx::query_scalar("select count(*) from audit where action = 'admin:create'")
        .fetch_one(&installation.pool)
        .await
        .unwrap();
    assert_eq!(grants, 2);
}

#[sqlx::test(migrations = "../migrations")]
async fn answers_with_tokens_are_not_kept(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let once = admin.with_key("k1");
    once.post("/v2/auth/tokens/", json!({})).await.expect(StatusCode::OK);
    let kept: i64 =
        sqlx::query_scalar("select count(*) from idempotency_keys").fetch_one(&installation.pool).await.unwrap();
    assert_eq!(kept, 0);
}

/// Whoever lost the answer to a deletion is not told that there was nothing to delete.
#[sqlx::test(migrations = "../migrations")]
async fn a_deletion_is_answered_again(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    ana.post("/v2/apps/blog/domains", json!({"domain": "www.example.com"})).await.expect(StatusCode::CREATED);
    ana.post("/v2/apps/blog/perms", json!({"username": "admin"})).await.expect(StatusCode::CREATED);
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFOG6kY7Rf4UtCFvPwKgo/BztXck2xC4a2WyA34XtIwZ";
    ana.post("/v2/keys", json!({"id": "laptop", "public": key})).await.expect(StatusCode::CREATED);
    admin.post("/v2/admin/perms", json!({"username": "ana"})).await.expect(StatusCode::CREATED);

    let deletions = [
        (&ana, "/v2/apps/blog/domains/www.example.com"),
        (&ana, "/v2/apps/blog/perms/admin"),
        (&ana, "/v2/keys/laptop"),
        (&ana, "/v2/apps/blog"),
        // The last, since she loses the right to it.
        (&ana, "/v2/admin/perms/ana"),
    ];
    for (place, (client, path)) in deletions.into_iter().enumerate() {
        let once = client.with_key(&format!("k{place}"));
        assert_eq!(once.delete(path).await.to_string(), "204", "{path}");
        assert_eq!(once.delete(path).await.to_string(), "204", "{path}");
    }
    assert_snapshot!(ana.with_key("other").delete("/v2/apps/blog").await, @r#"404 "No App matches the given query.""#);
    let destroyed: i64 = sqlx::query_scalar("select count(*) from audit where action = 'apps:destroy'")
        .fetch_one(&installation.pool)
        .await
        .unwrap();
    assert_eq!(destroyed, 1);
}
