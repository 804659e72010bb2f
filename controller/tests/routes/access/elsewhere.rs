//! What belongs to another app or user, asked for under one's own: each is answered as if it were not there, and stays as
//! it is.

use std::cell::RefCell;

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use controller::platform::memory::Script;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::Rule;
use crate::{
    certs,
    every_route::{self, Route, nothing},
    harness::{Answer, Client, Installation},
};

/// What ben has: an app `shop`, and one thing of every kind that a URL can name. Ana has nothing to do with any of it.
struct Bens {
    ben: Client,
    build: String,
    drain: String,
    release: String,
    pod: String,
}

impl Bens {
    async fn made(installation: &Installation, admin: &Client) -> Self {
        installation.platform.image("example:latest", Script::serves(5000));
        let ben = installation.user(admin, "ben").await;
        installation.user(admin, "carl").await;
        installation.user(admin, "dora").await;
        for (path, body) in [
            ("/v2/apps", json!({"id": "shop"})),
            ("/v2/apps/shop/builds", json!({"image": "example", "procfile": {"bens-worker": "work"}})),
            ("/v2/apps/shop/config", json!({"values": {"BENS": "bens-secret"}})),
            ("/v2/apps/shop/runs", json!({"command": "import", "name": "bens-run"})),
            ("/v2/apps/shop/domains", json!({"domain": "bens.example"})),
            ("/v2/apps/shop/drains", json!({"url": "syslog://bens.example"})),
            ("/v2/apps/shop/perms", json!({"username": "carl"})),
            ("/v2/apps/shop/services", json!({"procfile_type": "bens-worker", "path_pattern": "/bens"})),
            ("/v2/keys", json!({"id": "bens-key", "public": KEY})),
            ("/v2/auth/api-tokens", json!({"name": "bens-token", "scopes": ["read"]})),
        ] {
            ben.post(path, body).await.expect(StatusCode::CREATED);
        }
        ben.post("/v2/apps/shop/scale", json!({"bens-worker": 1})).await.expect(StatusCode::NO_CONTENT);
        certs::add(&ben, "bens-cert").await.expect(StatusCode::CREATED);
        ben.post("/v2/certs/bens-cert/domain/", json!({"domain": "bens.example"})).await.expect(StatusCode::CREATED);
        let first = |list: Value, field: &str| list["results"][0][field].as_str().unwrap().to_owned();
        let build = first(ben.get("/v2/apps/shop/builds").await.json(), "uuid");
        let drain = first(ben.get("/v2/apps/shop/drains").await.json(), "uuid");
        let pod = first(ben.get("/v2/apps/shop/pods").await.json(), "name");
        let release = ben.get("/v2/apps/shop/releases").await.json()["results"][0]["version"].to_string();
        Self { ben, build, drain, release: format!("v{release}"), pod }
    }

    /// His thing of the kind that the pattern names there.
    fn thing(&self, app: &str, before: &str, name: &str) -> String {
        match (before, name) {
            (_, "id") => app,
            ("builds", "uuid") => self.build.as_str(),
            ("drains", "uuid") => self.drain.as_str(),
            ("releases", "version") => self.release.as_str(),
            ("pods", "type") => "bens-worker",
            ("pods", "name") => self.pod.as_str(),
            ("runs", "name") => "bens-run",
            ("domains" | "domain", "domain") => "bens.example",
            ("perms", "username") => "carl",
            ("certs", "name") => "bens-cert",
            ("keys", "key") => "bens-key",
            ("api-tokens", "name") => "bens-token",
            _ => panic!("nobody has said what of another app stands in {before}/{{{name}}}"),
        }
        .to_owned()
    }

    /// All that he sees.
    async fn all(&self) -> Vec<String> {
        let mut seen = Vec::new();
        for path in [
            "apps/shop",
            "apps/shop/builds",
            "apps/shop/config",
            "apps/shop/releases",
            "apps/shop/pods",
            "apps/shop/runs",
            "apps/shop/domains",
            "apps/shop/drains",
            "apps/shop/perms",
            "apps/shop/services",
            "apps/shop/settings",
            "apps/shop/audit",
            "keys",
            "certs",
            "auth/api-tokens",
        ] {
            seen.push(self.ben.get(&format!("/v2/{path}")).await.expect(StatusCode::OK).body);
        }
        seen
    }
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ben";

/// What there is in no app. Users are no secret: an owner may let any of them in.
fn no_thing(app: &str, before: &str, name: &str) -> String {
    if name == "username" { "dora".to_owned() } else { nothing(app, before, name) }
}

/// Without the names that were asked for, which an answer may repeat.
fn anonymous(answer: &Answer, route: &Route, fill: impl Fn(&str, &str) -> String) -> (StatusCode, String) {
    let names = RefCell::new(Vec::new());
    route.path(|before, name| {
        let text = fill(before, name);
        names.borrow_mut().push(text.clone());
        text
    });
    let mut names = names.into_inner();
    // One may be part of another.
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let body = names.iter().fold(answer.body.clone(), |body, name| body.replace(name, "it"));
    (answer.status, body)
}

async fn ask(client: &Client, route: &Route, path: &str) -> Answer {
    let method: Method = route.method.parse().unwrap();
    let body = if method == Method::POST { Body::from("{}") } else { Body::empty() };
    client.send(method, path, body).await
}

#[sqlx::test(migrations = "../migrations")]
async fn what_another_has_is_not_found_under_ones_own(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let bens = Bens::made(&installation, &admin).await;
    let ana = installation.user(&admin, "ana").await;
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let before = bens.all().await;
    let mut routes = every_route::all(&admin).await;
    // What has no name but that of the app is the matrix's.
    routes.retain(|route| Rule::of(route).owner == 0 && route.pattern.replace("{id}", "").contains('{'));
    assert!(routes.len() >= 20, "{routes:?}");
    for route in routes {
        let bens_thing = |before: &str, name: &str| bens.thing("blog", before, name);
        let no_thing = |before: &str, name: &str| no_thing("blog", before, name);
        let there = ask(&ana, &route, &route.path(bens_thing)).await;
        let nowhere = ask(&ana, &route, &route.path(no_thing)).await;
        let (told, wanted) = (anonymous(&there, &route, bens_thing), anonymous(&nowhere, &route, no_thing));
        assert_eq!(told, wanted, "{route:?}");
        assert!(!told.1.contains("bens"), "{route:?}: {there}");
        // And under his: of his app she hears nothing.
        let in_shop = |before: &str, name: &str| bens.thing("shop", before, name);
        let in_none = |before: &str, name: &str| bens.thing("none", before, name);
        let there = ask(&ana, &route, &route.path(in_shop)).await;
        let nowhere = ask(&ana, &route, &route.path(in_none)).await;
        assert_eq!((there.status, &there.body), (nowhere.status, &nowhere.body), "{route:?}");
    }
    assert_eq!(bens.all().await, before, "something of ben's is not as it was");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_another_has_is_not_found_by_what_is_sent(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let bens = Bens::made(&installation, &admin).await;
    let ana = installation.user(&admin, "ana").await;
    ana.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    certs::add(&ana, "anas-cert").await.expect(StatusCode::CREATED);
    let before = bens.all().await;
    for (path, theirs, none) in [
        ("/v2/certs/anas-cert/domain/", json!({"domain": "bens.example"}), json!({"domain": "none.example"})),
        ("/v2/certs/anas-cert/domain/bens.example", json!({}), json!({"domain": "none.example"})),
        ("/v2/apps/blog/releases/rollback", json!({"version": 3}), json!({"version": 999})),
        (
            "/v2/auth/api-tokens",
            json!({"name": "it", "scopes": ["read"], "apps": ["shop"]}),
            json!({"name": "it", "scopes": ["read"], "apps": ["none"]}),
        ),
    ] {
        let there = ana.post(path, theirs).await;
        let nowhere = ana.post(path, none).await;
        let told = |answer: &Answer| answer.body.replace("shop", "it").replace("none", "it").replace("v999", "v3");
        assert_eq!((there.status, told(&there)), (nowhere.status, told(&nowhere)), "{path}");
        assert!(there.status.is_client_error(), "{path}: {there}");
    }
    assert_eq!(bens.all().await, before, "something of ben's is not as it was");
}

#[sqlx::test(migrations = "../migrations")]
async fn things_of_one_app_are_not_found_in_another_of_the_same_owner(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let bens = Bens::made(&installation, &admin).await;
    bens.ben.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let before = bens.all().await;
    let mut routes = every_route::all(&admin).await;
    routes.retain(|route| {
        let inner = route.pattern.strip_prefix("/v2/apps/{id}/");
        Rule::of(route).owner == 0 && inner.is_some_and(|inner| inner.contains('{'))
    });
    for route in routes {
        let elsewhere = |before: &str, name: &str| bens.thing("blog", before, name);
        let no_thing = |before: &str, name: &str| no_thing("blog", before, name);
        let there = ask(&bens.ben, &route, &route.path(elsewhere)).await;
        let nowhere = ask(&bens.ben, &route, &route.path(no_thing)).await;
        assert_eq!(anonymous(&there, &route, elsewhere), anonymous(&nowhere, &route, no_thing), "{route:?}");
    }
    assert_eq!(bens.all().await, before, "something of the other app is not as it was");
}
