//! `/v2/apps/{id}/pods`, `/v2/apps/{id}/scale`

use axum::http::StatusCode;
use controller::platform::memory::Script;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{Client, Installation};

/// An app `blog` with two web instances and one worker.
async fn blog(pool: PgPool) -> (Installation, Client) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example:latest", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let build = json!({"image": "example", "procfile": {"web": "serve", "worker": "work"}});
    admin.post("/v2/apps/blog/builds", build).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/scale/", json!({"web": 2, "worker": "1"})).await.expect(StatusCode::NO_CONTENT);
    (installation, admin)
}

/// Names of the instances, checked to be up.
fn names(pods: &Value) -> Vec<String> {
    let pods = pods.as_array().unwrap();
    assert!(pods.iter().all(|pod| pod["state"] == "up"), "{pods:?}");
    pods.iter().map(|pod| pod["name"].as_str().unwrap().to_owned()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn instances_are_listed(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    let all = admin.get("/v2/apps/blog/pods/?limit=100").await.json();
    assert_eq!((all["count"].as_u64(), names(&all["results"]).len()), (Some(3), 3));
    let web = admin.get("/v2/apps/blog/pods/web").await.json();
    assert_eq!(web["count"], 2);
    let name = names(&web["results"])[0].clone();
    let mut one = admin.get(&format!("/v2/apps/blog/pods/web/{name}/")).await.json();
    assert_eq!(one["results"][0]["name"], name.as_str());
    one["results"][0]["name"] = json!("<name>");
    one["results"][0]["started"] = json!("<time>");
    assert_snapshot!(one, @r#"{"count":1,"results":[{"name":"<name>","release":"v2","started":"<time>","state":"up","type":"web"}]}"#);
    assert_snapshot!(admin.get("/v2/apps/blog/pods/clock").await, @r#"200 {"count":0,"results":[]}"#);
    assert_snapshot!(admin.get("/v2/apps/blog/pods/web/blog-web-1").await, @r#"404 {"detail":"Pod blog-web-1 does not exist in application"}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn instances_are_replaced(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    let before = names(&admin.get("/v2/apps/blog/pods").await.json()["results"]);
    let restarted = admin.post("/v2/apps/blog/pods/worker/restart/", json!({})).await.expect(StatusCode::OK);
    assert_eq!(names(&restarted.json()).len(), 1);
    let web = before.iter().find(|name| name.contains("-web-")).unwrap();
    // As people type it: without the app's name.
    let short = web.strip_prefix("blog-").unwrap();
    let one = admin.post(&format!("/v2/apps/blog/pods/web/{short}/restart/"), json!({})).await.expect(StatusCode::OK);
    assert_eq!(names(&one.json()).len(), 1);
    let now = names(&admin.get("/v2/apps/blog/pods").await.json()["results"]);
    assert_eq!(now.iter().filter(|name| before.contains(name)).count(), 1, "{before:?} {now:?}");
    let all = admin.post("/v2/apps/blog/pods/restart/", json!({})).await.expect(StatusCode::OK);
    assert_eq!(names(&all.json()).len(), 3);
    assert_snapshot!(admin.post("/v2/apps/blog/pods/clock/restart", json!({})).await, @"200 []");
    assert_snapshot!(admin.post("/v2/apps/blog/pods/web/web-1-2/restart", json!({})).await, @r#"400 {"detail":"Pod web-1-2 does not exist in application"}"#);
    admin.post("/v2/apps/blog/scale", json!({"worker": 0})).await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(admin.post("/v2/apps/blog/pods/worker/restart", json!({})).await, @"200 []");
}

/// The original client takes a part of the name for the type: `5c9d8b7f` out of `blog-worker-5c9d8b7f-x2x9z`.
#[sqlx::test(migrations = "../migrations")]
async fn a_name_is_enough(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    let workers = names(&admin.get("/v2/apps/blog/pods/worker").await.json()["results"]);
    let name = workers[0].as_str();
    let path = format!("/v2/apps/blog/pods/{}/{name}", name.split('-').nth(2).unwrap());
    assert_eq!(names(&admin.get(&path).await.json()["results"]), workers);
    let restarted = admin.post(&format!("{path}/restart/"), json!({})).await.expect(StatusCode::OK);
    assert_eq!(restarted.json(), admin.get("/v2/apps/blog/pods/worker").await.json()["results"]);
    assert_ne!(names(&restarted.json()), workers);
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_formations(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    let scale = async |body: Value| admin.post("/v2/apps/blog/scale", body).await;
    assert_snapshot!(scale(json!({"job": 1})).await, @r#"404 {"detail":"Container type job does not exist in application"}"#);
    assert_snapshot!(scale(json!({"Not a type": 1})).await, @r#"404 {"detail":"Container type Not a type does not exist in application"}"#);
    assert_snapshot!(scale(json!({"web": "x"})).await, @r#"400 {"detail":"Invalid scaling format: \"x\" is not a count"}"#);
    assert_snapshot!(scale(json!({"web": -1})).await, @r#"400 {"detail":"Invalid scaling format: -1 is not a count"}"#);
    assert_snapshot!(scale(json!({"web": 1.5})).await, @r#"400 {"detail":"Invalid scaling format: 1.5 is not a count"}"#);
    assert_snapshot!(scale(json!({"web": null})).await, @r#"400 {"detail":"Invalid scaling format: null is not a count"}"#);
    assert_snapshot!(scale(json!({})).await, @"204");
    admin.post("/v2/apps", json!({"id": "empty"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.post("/v2/apps/empty/scale", json!({"web": 1})).await, @r#"400 {"detail":"No build associated with this release"}"#);
    assert_eq!(admin.get("/v2/apps/blog").await.json()["structure"], json!({"web": 2, "worker": 1}));
}
