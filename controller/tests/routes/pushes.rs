//! What the builder asks on the internal listener, and what users see of a push in the API.

use api::push::{ACCESS_PATH, APPS_PATH, BUILDS_PATH, KEY_PATH, LOCK_PATH};
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use controller::platform::memory::{BuildScript, Call, Fault};
use insta::assert_snapshot;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::{Answer, Client, Installation};

const SHA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The key of a user, registered.
async fn key(pool: &PgPool, user: &str) -> String {
    let part = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let blob = [part(b"ssh-ed25519"), part(&Sha256::digest(user))].concat();
    let public = format!("ssh-ed25519 {}", STANDARD.encode(&blob));
    sqlx::query(
        "insert into keys (uuid, user_id, name, public, fingerprint, sha256)
         select $1, id, username, $2, username, $3 from users where username = $4",
    )
    .bind(Uuid::now_v7())
    .bind(&public)
    .bind(Sha256::digest(&blob).to_vec())
    .bind(user)
    .execute(pool)
    .await
    .unwrap();
    public
}

/// A push to `blog`, of `admin`, who owns it.
struct Push {
    installation: Installation,
    admin: Client,
    builder: Client,
    app: Uuid,
    holder: Uuid,
    public: String,
}

impl Push {
    async fn begin(pool: PgPool) -> Self {
        let (installation, admin) = Installation::with_admin(pool).await;
        let answer = admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
        let app = answer.json()["uuid"].as_str().unwrap().parse().unwrap();
        let public = key(&installation.pool, "admin").await;
        let builder = installation.component("builder").await;
        Self { installation, admin, builder, app, holder: Uuid::now_v7(), public }
    }

    fn another(&self) -> Self {
        Self { holder: Uuid::now_v7(), ..self.clone() }
    }

    async fn lock(&self) -> Answer {
        self.builder.post(LOCK_PATH, json!({"app": self.app, "holder": self.holder})).await
    }

    async fn unlock(&self) -> Answer {
        self.builder.delete_with(LOCK_PATH, json!({"app": self.app, "holder": self.holder})).await
    }

    async fn send(&self, source: Body) -> Answer {
        let query = format!("app={}&holder={}&sha={SHA}&dockerfile=false&procfile=true", self.app, self.holder);
        let public: String = url::form_urlencoded::byte_serialize(self.public.as_bytes()).collect();
        self.builder.send(Method::POST, &format!("{BUILDS_PATH}?{query}&public={public}"), source).await
    }

    /// The whole push, up to its place in the queue.
    async fn start(&self) -> Uuid {
        self.lock().await.expect(StatusCode::NO_CONTENT);
        let answer = self.send(Body::from("tar")).await.expect(StatusCode::CREATED);
        answer.json()["build"].as_str().unwrap().parse().unwrap()
    }

    /// All events to the last.
    async fn events(&self, build: Uuid, from: u64) -> String {
        let answer = self.builder.get(&format!("{BUILDS_PATH}/{build}/events?from={from}")).await;
        answer.expect(StatusCode::OK).body
    }

    fn sources(&self) -> usize {
        std::fs::read_dir(self.installation.sources()).unwrap().count()
    }
}

impl Clone for Push {
    fn clone(&self) -> Self {
        Self {
            installation: self.installation.clone(),
            admin: self.admin.clone(),
            builder: self.builder.clone(),
            public: self.public.clone(),
            ..*self
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_component_reaches_its_own_routes_only(pool: PgPool) {
    let push = Push::begin(pool).await;
    let router = push.installation.component("router").await;
    let nobody = push.installation.internal();
    let paths =
        [("POST", KEY_PATH), ("POST", ACCESS_PATH), ("POST", LOCK_PATH), ("POST", BUILDS_PATH), ("GET", APPS_PATH)];
    for (method, path) in paths {
        for stranger in [&router, &nobody, &nobody.with_header("Authorization", "Bearer wrong")] {
            let answer = stranger.send(method.parse().unwrap(), path, Body::empty()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
    let events = format!("{BUILDS_PATH}/{}/events", Uuid::nil());
    assert_eq!(router.get(&events).await.status, StatusCode::UNAUTHORIZED);
    for path in [api::routes::STREAM_PATH, api::routes::ACK_PATH] {
        assert_eq!(push.builder.get(path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(push.builder.get(APPS_PATH).await.json(), json!([push.app]));
    assert_eq!(push.builder.get("/v2/apps").await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn whose_key_and_what_for(pool: PgPool) {
    let push = Push::begin(pool).await;
    let builder = &push.builder;
    assert_snapshot!(builder.post(KEY_PATH, json!({"public": push.public})).await, @r#"200 {"username":"admin"}"#);
    assert_snapshot!(builder.post(KEY_PATH, json!({"public": "ssh-ed25519 AAAA"})).await, @r#"404 {"detail":"This SSH key belongs to nobody here. Add it with: mycli keys:add"}"#);
    assert_snapshot!(builder.post(KEY_PATH, json!({"public": "junk"})).await, @r#"404 {"detail":"This SSH key belongs to nobody here. Add it with: mycli keys:add"}"#);
    push.installation.user(&push.admin, "ana").await;
    let public = key(&push.installation.pool, "ana").await;
    let ask = async |app: &str, right: &str| {
        builder.post(ACCESS_PATH, json!({"public": public, "app": app, "right": right})).await
    };
    let foreign = ask("blog", "push").await;
    assert_snapshot!(foreign, @r#"403 {"detail":"App blog does not exist, or ana may not push to it.\nmycli apps lists those that you may use, mycli create blog makes one."}"#);
    assert_eq!(foreign.body.replace("blog", "none"), ask("none", "push").await.body);
    assert_snapshot!(ask("blo", "fetch").await, @r#"403 {"detail":"App blo does not exist, or ana may not fetch from it.\nmycli apps lists those that you may use."}"#);
    assert_snapshot!(ask("../\u{1b}x", "fetch").await, @r#"403 {"detail":"App ../\\u{1b}x does not exist, or ana may not fetch from it.\nmycli apps lists those that you may use."}"#);
    push.admin.post("/v2/apps/blog/perms", json!({"username": "ana"})).await;
    assert_snapshot!(ask("blog", "push").await, @r#"200 {"app":"<uuid>","username":"ana"}"#);
    for near in ["blo", "blog2", "blog-", "Blog", "blog.git"] {
        assert_eq!(ask(near, "push").await.status, StatusCode::FORBIDDEN, "{near} is not blog");
    }
    push.admin.delete("/v2/apps/blog/perms/ana").await;
    assert_eq!(ask("blog", "fetch").await.status, StatusCode::FORBIDDEN, "who could once cannot any more");
    push.admin.post("/v2/apps/blog/perms", json!({"username": "ana"})).await;
    sqlx::query("update users set is_active = false where username = 'ana'")
        .execute(&push.installation.pool)
        .await
        .unwrap();
    assert_snapshot!(ask("blog", "push").await, @r#"403 {"detail":"This SSH key belongs to nobody here. Add it with: mycli keys:add"}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_pushes_at_a_time(pool: PgPool) {
    let first = Push::begin(pool).await;
    let second = first.another();
    first.lock().await.expect(StatusCode::NO_CONTENT);
    first.lock().await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(second.lock().await, @r#"409 {"detail":"Another git push is ongoing"}"#);
    assert_eq!(second.send(Body::from("tar")).await.status, StatusCode::CONFLICT);
    second.unlock().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(second.lock().await.status, StatusCode::CONFLICT, "it was not theirs to give up");
    first.unlock().await.expect(StatusCode::NO_CONTENT);
    second.lock().await.expect(StatusCode::NO_CONTENT);
    // Its holder dies.
    sqlx::query("update push_locks set until = now() - interval '1 s'")
        .execute(&first.installation.pool)
        .await
        .unwrap();
    first.lock().await.expect(StatusCode::NO_CONTENT);
    // A build holds others off without a lock.
    first.installation.platform.build(SHA, BuildScript::endless());
    let build = first.start().await;
    first.unlock().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(second.lock().await.status, StatusCode::CONFLICT);
    first.lock().await.expect(StatusCode::NO_CONTENT);
    first.unlock().await.expect(StatusCode::NO_CONTENT);
    first.admin.post(&format!("/v2/apps/blog/builds/{build}/cancel"), json!({})).await.expect(StatusCode::NO_CONTENT);
    second.lock().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(first.builder.post(LOCK_PATH, json!({"app": Uuid::nil(), "holder": first.holder})).await.status, 404);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_push_is_told_of_to_its_end(pool: PgPool) {
    let push = Push::begin(pool).await;
    let writes = "-----> one\n       two\nthe end".to_owned();
    push.installation.platform.build(SHA, BuildScript { writes, ..BuildScript::serves(5000) });
    let build = push.start().await;
    let events = push.events(build, 0).await;
    let told: Vec<&str> = events.lines().filter(|line| !line.contains(r#""queued""#)).collect();
    assert_snapshot!(told.join("\n"), @r#"
    {"type":"log","text":"-----> one\n       two\n","next":22}
    {"type":"log","text":"the end","next":29}
    {"type":"built"}
    {"type":"done","app":"blog","version":2,"url":"http://blog.localhost"}
    "#);
    // Sent again after a lost answer, it is the same push; read again, it is the same story.
    assert_eq!(push.send(Body::from("tar")).await.json()["build"], json!(build));
    assert_eq!(
        push.events(build, 11).await.lines().next().unwrap(),
        r#"{"type":"log","text":"       two\n","next":22}"#
    );
    assert_eq!(push.sources(), 0);
    assert_eq!(push.builder.get(&format!("{BUILDS_PATH}/{}/events", Uuid::nil())).await.status, 404);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_begun_leaves_nothing(pool: PgPool) {
    let push = Push::begin(pool).await;
    let faults = push.installation.platform.faults();
    assert_snapshot!(push.send(Body::from("tar")).await, @r#"409 {"detail":"Another git push is ongoing"}"#);
    push.lock().await;
    faults.next(Call::Ping, 1, Fault::Unavailable);
    assert_snapshot!(push.send(Body::from("tar")).await, @r#"503 {"detail":"The container engine cannot be reached. Nothing was changed, and apps that run are not affected."}"#);
    faults.next(Call::PingBuilds, 1, Fault::Unavailable);
    assert_snapshot!(push.send(Body::from("tar")).await, @r#"503 {"detail":"The part of the platform that builds does not answer. Nothing was changed, and apps that run are not affected. Try again later."}"#);
    faults.next(Call::PingBuilds, 1, Fault::Rejected("This installation builds nothing.".to_owned()));
    assert_snapshot!(push.send(Body::from("tar")).await, @r#"400 {"detail":"This installation builds nothing."}"#);
    let broken = futures_util::stream::iter([Ok("half"), Err(std::io::Error::other("gone"))]);
    assert_snapshot!(push.send(Body::from_stream(broken)).await, @r#"400 {"detail":"The source did not arrive whole."}"#);
    let large = push.clone();
    let builder = large.builder.with_header("Content-Length", "2000000000");
    assert_snapshot!(Push { builder, ..large }.send(Body::from("tar")).await, @r#"413 {"detail":"The source of this commit is larger than 1024 MiB. Leave out of the repository what the build can fetch."}"#);
    push.admin.delete("/v2/apps/blog").await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(push.send(Body::from("tar")).await, @r#"404 {"detail":"The app was destroyed."}"#);
    assert_eq!(push.sources(), 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn builds_of_pushes(pool: PgPool) {
    let push = Push::begin(pool).await;
    push.installation.platform.build(SHA, BuildScript::endless());
    let build = push.start().await;
    let admin = &push.admin;
    let path = format!("/v2/apps/blog/builds/{build}");
    let writing = async || admin.get(&format!("{path}/logs")).await.body.contains("Building");
    push.installation.eventually(writing).await;
    assert_snapshot!(admin.get(&path).await, @r#"200 {"app":"blog","created":"<time>","dockerfile":"","image":"blog:git-aaaaaaaa","owner":"admin","procfile":{},"sha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","state":"building","updated":"<time>","uuid":"<uuid>"}"#);
    assert_eq!(admin.get("/v2/apps/blog/builds").await.json()["count"], 0);
    let all = admin.get("/v2/apps/blog/builds?all=true").await.json();
    assert_eq!((&all["count"], &all["results"][0]["state"]), (&json!(1), &json!("building")));
    assert_snapshot!(admin.get(&format!("{path}/logs")).await, @"200 -----> Building");
    push.installation.platform.build(SHA, BuildScript::serves(5000));
    assert_snapshot!(admin.get(&format!("{path}/logs?follow=true")).await, @"200 -----> Building");
    let done = async || admin.get(&path).await.json()["state"] == "done";
    push.installation.eventually(done).await;
    assert_snapshot!(admin.get(&path).await, @r#"200 {"app":"blog","created":"<time>","dockerfile":"","image":"blog:git-aaaaaaaa","owner":"admin","procfile":{"web":"serve"},"sha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","state":"done","updated":"<time>","uuid":"<uuid>"}"#);
    assert_snapshot!(admin.get("/v2/apps/blog/builds").await, @r#"200 {"count":1,"next":null,"previous":null,"results":[{"app":"blog","created":"<time>","dockerfile":"","image":"blog:git-aaaaaaaa","owner":"admin","procfile":{"web":"serve"},"sha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","updated":"<time>","uuid":"<uuid>"}]}"#);
    assert_eq!(admin.get("/v2/apps/blog/builds?all=true").await.json()["count"], 1);
    assert_snapshot!(admin.post(&format!("{path}/cancel"), json!({})).await, @r#"409 {"detail":"The build has ended already."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_build_is_cancelled(pool: PgPool) {
    let push = Push::begin(pool).await;
    push.installation.platform.build(SHA, BuildScript::endless());
    let build = push.start().await;
    let path = format!("/v2/apps/blog/builds/{build}");
    push.admin.post(&format!("{path}/cancel"), json!({})).await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(push.admin.get(&path).await, @r#"200 {"app":"blog","created":"<time>","dockerfile":"","image":"blog:git-aaaaaaaa","owner":"admin","procfile":{},"reason":"admin cancelled the build.","sha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","state":"cancelled","updated":"<time>","uuid":"<uuid>"}"#);
    let last = push.events(build, 0).await.lines().last().unwrap().to_owned();
    assert_snapshot!(last, @r#"{"type":"failed","reason":"admin cancelled the build."}"#);
    let audit: Vec<(String, String)> = sqlx::query_as("select action, target from audit order by id desc limit 2")
        .fetch_all(&push.installation.pool)
        .await
        .unwrap();
    let row = |action: &str, target: &str| (action.to_owned(), target.to_owned());
    assert_eq!(audit, [row("builds:cancel", &build.to_string()), row("git:push", SHA)]);
    // Strangers hear what they hear of no app.
    let ana = push.installation.user(&push.admin, "ana").await;
    assert_snapshot!(ana.get(&format!("{path}/logs")).await, @r#"404 "No App matches the given query.""#);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_image_has_no_log(pool: PgPool) {
    let push = Push::begin(pool).await;
    push.installation.platform.image("web:1", controller::platform::memory::Script::serves(5000));
    let made: Value = push.admin.post("/v2/apps/blog/builds", json!({"image": "web:1"})).await.json();
    let path = format!("/v2/apps/blog/builds/{}", made["uuid"].as_str().unwrap());
    assert_snapshot!(push.admin.get(&format!("{path}/logs")).await, @r#"404 {"detail":"There is no log of this build: its image was built elsewhere, or its log was too old to be kept."}"#);
    assert_snapshot!(push.admin.post(&format!("{path}/cancel"), json!({})).await, @r#"409 {"detail":"The build has ended already."}"#);
    let all = push.admin.get("/v2/apps/blog/builds?all=true").await.json();
    assert_eq!(all["results"][0], made, "it is shown as ever");
}
