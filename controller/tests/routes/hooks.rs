//! `/v2/hooks`: what a builder that is not ours asks.

use axum::http::{Method, StatusCode};
use controller::{auth::token, platform::memory::Script, state::Settings};
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::{
    harness::{BUILDER_KEY, Client, Installation},
    keys::{ECDSA, ED25519, add},
};

const FINGERPRINT: &str = "d1:9c:80:76:b6:3f:38:38:76:d0:6d:27:25:3f:23:7f";

/// Every hook.
const HOOKS: [(&str, &str); 5] = [
    ("GET", "/v2/hooks/keys/blog"),
    ("GET", "/v2/hooks/keys/blog/ana"),
    ("GET", "/v2/hooks/key/d1:9c:80:76:b6:3f:38:38:76:d0:6d:27:25:3f:23:7f"),
    ("POST", "/v2/hooks/config"),
    ("POST", "/v2/hooks/build"),
];

/// The users of an installation, and its builder.
struct People {
    installation: Installation,
    admin: Client,
    ana: Client,
    ben: Client,
    builder: Client,
}

/// `blog` is ana's and ben may use it; `shop` is the administrator's. Ana and ben have a key.
async fn people(pool: PgPool) -> People {
    let settings = Settings { builder_key_sha256: Some(token::sha256(BUILDER_KEY)), ..Settings::default() };
    let (installation, admin) = Installation::with_settings(pool, settings).await.administered().await;
    let (ana, ben) = (installation.user(&admin, "ana").await, installation.user(&admin, "ben").await);
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    admin.post("/v2/apps", json!({"id": "shop"})).await.expect(StatusCode::CREATED);
    ana.post("/v2/apps/blog/perms", json!({"username": "ben"})).await.expect(StatusCode::CREATED);
    add(&ana, "laptop", &format!("{ED25519} ana@laptop")).await.expect(StatusCode::CREATED);
    add(&ben, "laptop", ECDSA).await.expect(StatusCode::CREATED);
    let builder = installation.anybody().with_header("X-Deis-Builder-Auth", BUILDER_KEY);
    People { installation, admin, ana, ben, builder }
}

#[sqlx::test(migrations = "../migrations")]
async fn keys_are_known(pool: PgPool) {
    let People { admin, ana, builder, .. } = people(pool).await;
    assert_snapshot!(builder.get("/v2/hooks/keys/blog/").await, @r#"200 {"ben":[{"fingerprint":"3f:40:60:98:bf:fa:a2:f8:8a:fd:00:27:fa:da:55:3c","key":"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMH4oXxHykd0OUk5ZDXySLqidDWAmo6zB/RDBn/+e9xsww4LsCwaBMXgWoYu5PpkQDjPdsrqOHybcptUwx9NLOs="}]}"#);
    assert_snapshot!(builder.get("/v2/hooks/keys/blog/ana").await, @r#"200 {"ana":[{"fingerprint":"d1:9c:80:76:b6:3f:38:38:76:d0:6d:27:25:3f:23:7f","key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0 ana@laptop"}]}"#);
    assert_snapshot!(builder.get("/v2/hooks/keys/blog/ana/").await.status, @"404 Not Found");
    // He may do everything with every app, but has no key.
    assert_snapshot!(builder.get("/v2/hooks/keys/blog/admin").await, @r#"404 "No Key matches the given query.""#);
    assert_snapshot!(builder.get("/v2/hooks/keys/shop/ana").await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    assert_snapshot!(builder.get("/v2/hooks/keys/none/ana").await, @r#"404 "No App matches the given query.""#);
    assert_snapshot!(builder.get("/v2/hooks/keys/blog/nobody").await, @r#"404 "No User matches the given query.""#);

    // Not the shop, which is none of hers.
    let owner = format!("/v2/hooks/key/{FINGERPRINT}");
    assert_snapshot!(builder.get(&owner).await, @r#"200 {"apps":["blog"],"username":"ana"}"#);
    assert_snapshot!(builder.get(&format!("{owner}/")).await, @r#"404 "No Key matches the given query.""#);
    assert_snapshot!(builder.get("/v2/hooks/key/d1:9c").await, @r#"404 "No Key matches the given query.""#);
    ana.post("/v2/apps/blog", json!({"owner": "admin"})).await.expect(StatusCode::OK);
    assert_snapshot!(builder.get(&owner).await, @r#"200 {"apps":[],"username":"ana"}"#);
    assert_snapshot!(builder.get("/v2/hooks/keys/blog/ana").await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    ana.delete("/v2/keys/laptop").await.expect(StatusCode::NO_CONTENT);
    builder.get(&owner).await.expect(StatusCode::NOT_FOUND);
    add(&admin, "found", ED25519).await.expect(StatusCode::CREATED);
    assert_snapshot!(builder.get(&owner).await, @r#"200 {"apps":["blog","shop"],"username":"admin"}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_is_shut_out_has_no_keys(pool: PgPool) {
    let People { installation, builder, .. } = people(pool).await;
    sqlx::query("update users set is_active = false where username in ('ana', 'ben')")
        .execute(&installation.pool)
        .await
        .unwrap();
    assert_snapshot!(builder.get("/v2/hooks/keys/blog").await, @"200 {}");
    builder.get("/v2/hooks/keys/blog/ben").await.expect(StatusCode::NOT_FOUND);
    builder.get(&format!("/v2/hooks/key/{FINGERPRINT}")).await.expect(StatusCode::NOT_FOUND);
    let push = json!({"receive_user": "ben", "receive_repo": "blog"});
    builder.post("/v2/hooks/config", push).await.expect(StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_push_is_built_and_deployed(pool: PgPool) {
    let People { installation, ana, ben, builder, .. } = people(pool).await;
    let tag = "registry.example/blog:git-1a2b3c4d";
    installation.platform.image(tag, Script::serves(5000));
    ana.post("/v2/apps/blog/config", json!({"values": {"A": "1"}})).await.expect(StatusCode::CREATED);
    let push = |user: &str, app: &str| json!({"receive_user": user, "receive_repo": app});
    assert_snapshot!(builder.post("/v2/hooks/config", push("ben", "blog")).await.json()["values"], @r#"{"A":"1"}"#);
    assert_snapshot!(builder.post("/v2/hooks/config/", push("ben", "shop")).await, @r#"403 {"detail":"You do not have permission to perform this action."}"#);
    assert_snapshot!(builder.post("/v2/hooks/config", push("ben", "none")).await, @r#"404 "No App matches the given query.""#);
    assert_snapshot!(builder.post("/v2/hooks/config", json!({"receive_user": "ben"})).await, @r#"400 {"receive_repo":["This field is required."]}"#);

    let build = json!({
        "receive_user": "ben", "receive_repo": "blog", "image": tag, "sha": "1a2b3c4d",
        "procfile": {"web": "serve"}, "dockerfile": "true",
    });
    assert_snapshot!(builder.post("/v2/hooks/build", build.clone()).await, @r#"200 {"release":{"version":3}}"#);
    let kept = ben.get("/v2/apps/blog/builds").await.json()["results"][0].clone();
    let fields = ["owner", "image", "sha", "dockerfile"].map(|field| kept[field].as_str().unwrap().to_owned());
    assert_eq!(fields, ["ben", tag, "1a2b3c4d", "true"]);
    assert_eq!(ben.get("/v2/apps/blog/releases/v3").await.json()["summary"], "ben deployed 1a2b3c4");
    let row: (String, String, String) =
        sqlx::query_as("select username, action, target from audit order by id desc limit 1")
            .fetch_one(&installation.pool)
            .await
            .unwrap();
    assert_eq!(row, ("ben".to_owned(), "builds:create".to_owned(), tag.to_owned()));

    let with = |field: &str, value: serde_json::Value| {
        let mut build = build.clone();
        build[field] = value;
        build
    };
    for (body, status) in [
        (with("receive_repo", json!("shop")), StatusCode::FORBIDDEN),
        (with("receive_user", json!("nobody")), StatusCode::NOT_FOUND),
        // A slug in an object store, which there is none of here.
        (with("image", json!("home/blog:git-1a2b3c4d/push/slug.tgz")), StatusCode::BAD_REQUEST),
        (with("procfile", json!({"Web": "serve"})), StatusCode::BAD_REQUEST),
    ] {
        builder.post("/v2/hooks/build", body).await.expect(status);
    }
    assert_eq!(ben.get("/v2/apps/blog/releases").await.json()["count"], 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn only_the_builder_key_opens_the_hooks(pool: PgPool) {
    let People { installation, admin, builder, .. } = people(pool).await;
    let guess = installation.anybody().with_header("X-Deis-Builder-Auth", "the-builder-kez");
    for (method, path) in HOOKS {
        for client in [&installation.anybody(), &guess, &admin] {
            let answer = client.send(method.parse::<Method>().unwrap(), path, "[]".into()).await;
            assert_eq!(answer.to_string(), r#"403 {"detail":"You do not have permission to perform this action."}"#);
        }
        let answer = builder.send(method.parse::<Method>().unwrap(), path, "[]".into()).await;
        assert_ne!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    // It is no token of a user.
    builder.get("/v2/apps").await.expect(StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_builder_key_nobody_is_let_in(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    for key in ["", BUILDER_KEY] {
        let builder = installation.anybody().with_header("X-Deis-Builder-Auth", key);
        for (method, path) in HOOKS {
            let answer = builder.send(method.parse::<Method>().unwrap(), path, "{}".into()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert!(admin.get(path).await.status.is_client_error());
        }
    }
}
