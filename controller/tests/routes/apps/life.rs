//! `/v2/apps`, `/v2/apps/{id}`

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn an_app_is_created(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    assert_snapshot!(ana.post("/v2/apps/", json!({"id": "blog"})).await, @r#"201 {"created":"<time>","id":"blog","owner":"ana","procfile_structure":{},"structure":{},"updated":"<time>","uuid":"<uuid>"}"#);
    assert_snapshot!(ana.get("/v2/apps/blog").await, @r#"200 {"created":"<time>","id":"blog","owner":"ana","procfile_structure":{},"structure":{},"updated":"<time>","uuid":"<uuid>"}"#);
    assert_snapshot!(ana.get("/v2/apps/blog/releases/v1").await, @r#"200 {"app":"blog","build":null,"config":"<uuid>","created":"<time>","exception":null,"failed":false,"owner":"ana","summary":"ana created initial release","updated":"<time>","uuid":"<uuid>","version":1}"#);
    assert_snapshot!(ana.get("/v2/apps/blog/config").await, @r#"200 {"app":"blog","cpu":{},"created":"<time>","healthcheck":{},"lifecycle_post_start":{},"lifecycle_pre_stop":{},"memory":{},"owner":"ana","registry":{},"tags":{},"termination_grace_period":{},"updated":"<time>","uuid":"<uuid>","values":{}}"#);
    assert_snapshot!(ana.get("/v2/apps/blog/settings").await, @r#"200 {"app":"blog","autoscale":{},"created":"<time>","label":{},"maintenance":false,"owner":"ana","routable":true,"updated":"<time>","uuid":"<uuid>","whitelist":[]}"#);
    assert_snapshot!(ana.get("/v2/apps/blog/domains").await, @r#"200 {"count":1,"next":null,"previous":null,"results":[{"app":"blog","created":"<time>","domain":"blog","owner":"ana","updated":"<time>"}]}"#);
    assert_snapshot!(ana.get("/v2/apps/blog/perms").await, @r#"200 {"users":[]}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_app_without_a_name_gets_one(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    for body in [json!({}), json!({"id": null})] {
        let app = admin.post("/v2/apps", body).await.expect(StatusCode::CREATED).json();
        let (adjective, noun) = app["id"].as_str().unwrap().split_once('-').unwrap();
        assert_eq!((adjective.len(), noun.len()), (6, 8), "{app}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_names(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    let create = async |id: Value| admin.post("/v2/apps", json!({"id": id})).await;
    create(json!("blog")).await.expect(StatusCode::CREATED);
    assert_snapshot!(create(json!("blog")).await, @r#"400 {"id":["Application with this id already exists."]}"#);
    assert_snapshot!(create(json!("1st")).await, @r#"400 {"id":["App name must start with an alphabetic character, cannot end with a hyphen and can only contain a-z (lowercase), 0-9 and hyphens."]}"#);
    assert_snapshot!(create(json!("a b")).await, @r#"400 {"id":["Enter a valid 'slug' consisting of letters, numbers, underscores or hyphens."]}"#);
    assert_snapshot!(create(json!("deis")).await, @r#"400 {"id":["deis is a reserved name."]}"#);
    assert_snapshot!(create(json!("a".repeat(64))).await, @r#"400 {"id":["Ensure this field has no more than 63 characters."]}"#);
    assert_snapshot!(create(json!(7)).await, @r#"400 {"id":["invalid type: integer `7`, expected a string"]}"#);
    assert_snapshot!(create(json!("")).await, @r#"400 {"id":["Enter a valid 'slug' consisting of letters, numbers, underscores or hyphens."]}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn everybody_sees_their_own_apps(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    let ben = installation.user(&admin, "ben").await;
    for (owner, name) in [(&ana, "wiki"), (&ana, "blog"), (&ben, "shop")] {
        owner.post("/v2/apps", json!({"id": name})).await.expect(StatusCode::CREATED);
    }
    ana.post("/v2/apps/wiki/perms", json!({"username": "ben"})).await.expect(StatusCode::CREATED);
    let seen = async |client: &crate::harness::Client| {
        let page = client.get("/v2/apps").await.json();
        let names = page["results"].as_array().unwrap().iter().map(|app| app["id"].as_str().unwrap().to_owned());
        (page["count"].as_u64().unwrap(), names.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(seen(&ana).await, (2, "blog wiki".to_owned()));
    assert_eq!(seen(&ben).await, (2, "shop wiki".to_owned()));
    assert_eq!(seen(&admin).await, (3, "blog shop wiki".to_owned()));
}

#[sqlx::test(migrations = "../migrations")]
async fn an_app_changes_hands(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    let ben = installation.user(&admin, "ben").await;
    let eve = installation.user(&admin, "eve").await;
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    ana.post("/v2/apps/blog/perms", json!({"username": "eve"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(eve.post("/v2/apps/blog", json!({"owner": "eve"})).await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    assert_snapshot!(ana.post("/v2/apps/blog", json!({"owner": "nobody"})).await, @r#"404 "No User matches the given query.""#);
    assert_snapshot!(ana.post("/v2/apps/blog", json!({})).await, @"200");
    assert_snapshot!(ana.post("/v2/apps/blog/", json!({"owner": "ben"})).await, @"200");
    assert_eq!(ben.get("/v2/apps/blog").await.json()["owner"], "ben");
    // She had it once, so she is not told that it does not exist.
    assert_snapshot!(ana.get("/v2/apps/blog").await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn accounts_that_own_apps_stay(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    let ben = installation.user(&admin, "ben").await;
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    assert_snapshot!(ana.delete("/v2/auth/cancel").await, @r#"409 {"detail":"ana still has applications assigned. Delete or transfer ownership"}"#);
    // What somebody did in the app of another does not keep the account.
    ana.post("/v2/apps/blog/perms", json!({"username": "ben"})).await.expect(StatusCode::CREATED);
    ben.post("/v2/apps/blog/domains", json!({"domain": "www.example.com"})).await.expect(StatusCode::CREATED);
    ben.post("/v2/apps/blog/settings", json!({"maintenance": true})).await.expect(StatusCode::CREATED);
    ben.delete("/v2/auth/cancel").await.expect(StatusCode::NO_CONTENT);
    assert_eq!(ana.get("/v2/apps/blog/settings").await.json()["owner"], "ana");
}
