//! `/v2/apps/{id}/builds`

use axum::http::StatusCode;
use controller::platform::memory::Script;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn an_image_is_deployed(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example-go:latest", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(admin.post("/v2/apps/blog/builds/", json!({"image": "example-go"})).await, @r#"201 {"app":"blog","created":"<time>","dockerfile":"","image":"example-go","owner":"admin","procfile":{},"sha":"","updated":"<time>","uuid":"<uuid>"}"#);
    assert_snapshot!(admin.get("/v2/apps/blog/releases/v2").await, @r#"200 {"app":"blog","build":"<uuid>","config":"<uuid>","created":"<time>","exception":null,"failed":false,"owner":"admin","summary":"admin deployed example-go","updated":"<time>","uuid":"<uuid>","version":2}"#);
    assert_snapshot!(admin.get("/v2/apps/blog").await, @r#"200 {"created":"<time>","id":"blog","owner":"admin","procfile_structure":{},"structure":{"cmd":1},"updated":"<time>","uuid":"<uuid>"}"#);
    let build = admin.get("/v2/apps/blog/builds").await.json()["results"][0]["uuid"].as_str().unwrap().to_owned();
    let shown = admin.get(&format!("/v2/apps/blog/builds/{build}")).await.expect(StatusCode::OK);
    assert_eq!(shown.json()["uuid"], *build);
    assert_snapshot!(admin.get("/v2/apps/blog/builds/junk").await, @r#"404 "No Build matches the given query.""#);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_procfile_says_what_runs(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example:1", Script::serves(5000));
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let build = json!({"image": "example:1", "procfile": {"web": "serve", "worker": "work"}});
    admin.post("/v2/apps/blog/builds", build).await.expect(StatusCode::CREATED);
    let app = admin.get("/v2/apps").await.json()["results"][0].clone();
    assert_snapshot!(app["structure"], @r#"{"web":1}"#);
    assert_snapshot!(app["procfile_structure"], @r#"{"web":"serve","worker":"work"}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_builds(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let build = async |body: Value| admin.post("/v2/apps/blog/builds", body).await;
    assert_snapshot!(build(json!({})).await, @r#"400 {"image":["This field may not be blank."]}"#);
    assert_snapshot!(build(json!({"image": "No Such"})).await, @r#"400 {"image":["\"No Such\" is not a valid image name. Write it as [registry/]name[:tag]."]}"#);
    assert_snapshot!(build(json!({"image": "deis/router"})).await, @r#"400 {"image":["Repository name deis/router is not allowed, as it is reserved by Deis"]}"#);
    assert_snapshot!(build(json!({"image": "a", "procfile": {"Web": "x"}})).await, @r#"400 {"procfile":["Process types can only contain lowercase alphanumeric characters"]}"#);
    assert_snapshot!(build(json!({"image": "a", "procfile": {"web": ""}})).await, @r#"400 {"procfile":["Command can't be empty for process type"]}"#);
    assert_snapshot!(build(json!({"image": "a", "procfile": {"web": null}})).await, @r#"400 {"procfile":["Command can't be empty for process type"]}"#);
    assert_snapshot!(build(json!({"image": "missing"})).await, @r#"400 {"detail":"image missing:latest not found"}"#);
    assert_eq!(admin.get("/v2/apps/blog/releases").await.json()["count"], 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_build_that_fails_says_why(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("good:latest", Script::serves(5000));
    installation.platform.image("bad:latest", Script { exposes: vec![5000], ..Script::exits(3, &["no database"]) });
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps/blog/builds", json!({"image": "good"})).await.expect(StatusCode::CREATED);
    let failed = admin.post("/v2/apps/blog/builds", json!({"image": "bad"})).await.expect(StatusCode::BAD_REQUEST);
    let detail = failed.json()["detail"].as_str().unwrap().to_owned();
    let begin = "(app::deploy): There was a problem deploying v3. Rolling back process types to release v2.\nblog-cmd-";
    assert!(detail.starts_with(begin), "{detail}");
    assert!(detail.contains(" exited with code 3. Its last lines:\n    no database"), "{detail}");
    let release = admin.get("/v2/apps/blog/releases/v3").await.json();
    assert_eq!((&release["failed"], &release["exception"]), (&json!(true), &json!(format!("error: {detail}"))));
    assert!(release["summary"].as_str().unwrap().ends_with(" which failed"), "{release}");
    assert_eq!(admin.get("/v2/apps/blog/pods").await.json()["results"][0]["release"], "v2");
}
