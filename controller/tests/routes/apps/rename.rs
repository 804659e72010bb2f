//! `POST /v2/apps/{id}` with another `id`: the app's name.

use axum::http::StatusCode;
use controller::platform::memory::Script;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{Client, Installation};

async fn domains(client: &Client, app: &str) -> Vec<Value> {
    let listed = client.get(&format!("/v2/apps/{app}/domains")).await.expect(StatusCode::OK).json();
    listed["results"].as_array().unwrap().iter().map(|domain| domain["domain"].clone()).collect()
}

/// The hosts that routers are told of.
async fn hosts(installation: &Installation) -> Value {
    sqlx::query_scalar("select document->'hosts' from routes").fetch_one(&installation.pool).await.unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn only_the_name_changes(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example:latest", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/domains", json!({"domain": "www.example.com"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/builds", json!({"image": "example"})).await.expect(StatusCode::CREATED);
    let before = admin.get("/v2/apps/blog").await.json();
    let ran = admin.get("/v2/apps/blog/pods").await.json()["results"][0]["name"].clone();
    let again = admin.with_key("one");
    assert_snapshot!(again.post("/v2/apps/blog", json!({"id": "journal"})).await, @"200");
    // Sent again because its answer was lost, when there is no such app any more.
    assert_snapshot!(again.post("/v2/apps/blog", json!({"id": "journal"})).await, @"200");
    assert_snapshot!(admin.get("/v2/apps/blog").await, @r#"404 "No App matches the given query.""#);
    let after = admin.get("/v2/apps/journal").await.json();
    assert_eq!((&after["id"], &after["uuid"]), (&json!("journal"), &before["uuid"]));
    assert_eq!(domains(&admin, "journal").await, ["journal", "www.example.com"]);
    assert_eq!(admin.get("/v2/apps/journal/pods").await.json()["results"][0]["name"], ran);
    installation
        .eventually(async || hosts(&installation).await == json!(["journal.localhost", "www.example.com"]))
        .await;
    let log = admin.get("/v2/apps/journal/logs").await.body;
    let log: Vec<_> = log.lines().filter_map(|line| line.split_once("]: ")).map(|(_, text)| text).collect();
    assert_snapshot!(log[log.len() - 3..].join("\n"), @r"
    INFO admin renamed blog to journal
    INFO domain blog removed
    INFO domain journal added
    ");
    // The old name is free.
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
}

#[sqlx::test(migrations = "../migrations")]
async fn releases_keep_the_name_they_were_made_under(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example:latest", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/builds", json!({"image": "example"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog", json!({"id": "journal"})).await.expect(StatusCode::OK);
    admin.post("/v2/apps/journal", json!({"id": "diary"})).await.expect(StatusCode::OK);
    admin.post("/v2/apps/diary/config", json!({"values": {"A": "1"}})).await.expect(StatusCode::CREATED);
    let names: Vec<Option<String>> = sqlx::query_scalar("select resolved->>'app' from releases order by version")
        .fetch_all(&installation.pool)
        .await
        .unwrap();
    assert_eq!(names, [Some("blog".to_owned()), Some("blog".to_owned()), None]);
}

#[sqlx::test(migrations = "../migrations")]
async fn names_are_refused_as_for_a_new_app(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    admin.post("/v2/apps", json!({"id": "shop"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/shop/domains", json!({"domain": "market"})).await.expect(StatusCode::CREATED);
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    for name in ["shop", "market", "slipway", "Blog"] {
        let wanted = json!({"id": name});
        let (renamed, created) = (ana.post("/v2/apps/blog", wanted.clone()).await, ana.post("/v2/apps", wanted).await);
        assert_eq!((renamed.status, &renamed.body), (StatusCode::BAD_REQUEST, &created.body));
    }
    assert_snapshot!(ana.post("/v2/apps/blog", json!({"id": "blog"})).await, @r#"409 {"detail":"ana changed nothing"}"#);
    assert_eq!(domains(&ana, "blog").await, ["blog"]);
    // Its own domain becomes its name.
    ana.post("/v2/apps/blog/domains", json!({"domain": "journal"})).await.expect(StatusCode::CREATED);
    ana.post("/v2/apps/blog", json!({"id": "journal"})).await.expect(StatusCode::OK);
    assert_eq!(domains(&ana, "journal").await, ["journal"]);
    ana.post("/v2/apps/journal/perms", json!({"username": "admin"})).await.expect(StatusCode::CREATED);
}

#[sqlx::test(migrations = "../migrations")]
async fn collaborators_do_not_rename(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/perms", json!({"username": "ana"})).await.expect(StatusCode::CREATED);
    ana.post("/v2/apps/blog", json!({"id": "journal"})).await.expect(StatusCode::FORBIDDEN);
    admin.get("/v2/apps/blog").await.expect(StatusCode::OK);
}
