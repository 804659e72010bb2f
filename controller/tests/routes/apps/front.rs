//! How an app shows itself to the world: what the routers are told of its settings.

use axum::http::StatusCode;
use controller::platform::memory::Script;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::Installation;

/// Waits until the routers are told of the app, beside its instances, what `check` looks for.
async fn told(installation: &Installation, check: impl Fn(&Value) -> bool) {
    let document = "select document from routes where document->>'name' = 'blog'";
    installation
        .eventually(async || {
            let row: Option<(Value,)> = sqlx::query_as(document).fetch_optional(&installation.pool).await.unwrap();
            row.is_some_and(|(routes,)| check(&routes))
        })
        .await;
}

#[sqlx::test(migrations = "../migrations")]
async fn settings_reach_the_routers_without_a_release(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example:latest", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/builds", json!({"image": "example"})).await.expect(StatusCode::CREATED);
    let set = async |body: Value| admin.post("/v2/apps/blog/settings", body).await.expect(StatusCode::CREATED);
    told(&installation, |routes| routes["hosts"] == json!(["blog.localhost"]) && routes["endpoints"][0].is_object())
        .await;
    set(json!({"routable": false})).await;
    told(&installation, |routes| routes["hosts"] == json!([])).await;
    set(json!({"routable": true, "maintenance": true})).await;
    told(&installation, |routes| routes["hosts"] == json!(["blog.localhost"]) && routes["maintenance"] == true).await;
    let addresses = json!({"addresses": ["10.1.2.3/8", "::1"]});
    admin.post("/v2/apps/blog/whitelist", addresses.clone()).await.expect(StatusCode::CREATED);
    told(&installation, |routes| routes["whitelist"] == json!(["10.0.0.0/8", "::1/128"])).await;
    admin.delete_with("/v2/apps/blog/whitelist", addresses).await.expect(StatusCode::NO_CONTENT);
    told(&installation, |routes| routes["whitelist"].is_null()).await;
    assert_eq!(admin.get("/v2/apps/blog/releases").await.json()["count"], 2);
    assert_eq!(admin.get("/v2/apps/blog/pods").await.json()["count"], 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_not_routed_needs_no_port(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("worker:latest", Script::default());
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let deploy = async || admin.post("/v2/apps/blog/builds", json!({"image": "worker"})).await;
    deploy().await.expect(StatusCode::BAD_REQUEST);
    admin.post("/v2/apps/blog/settings", json!({"routable": false})).await.expect(StatusCode::CREATED);
    deploy().await.expect(StatusCode::CREATED);
}
