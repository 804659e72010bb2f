//! Who may call what: every route by everybody.

use api::names::Scope;
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    every_route,
    harness::{Answer, Client, Installation},
};

/// What everybody hears on a route; 0 is anything but 401, 403 and the 404 of a missing app.
struct Rule {
    method: &'static str,
    path: &'static str,
    /// Nobody in particular, a revoked token.
    nobody: u16,
    /// A user who has nothing to do with the app.
    stranger: u16,
    /// Somebody who could use the app once.
    former: u16,
    collaborator: u16,
    /// The scopes of which one is enough.
    scopes: &'static [Scope],
}

/// Any will do: nothing is told, or no token asked for.
const ANY: &[Scope] = &Scope::ALL;
const IDENTITY: &[Scope] = &[Scope::Global, Scope::Identity];
const READ: &[Scope] = &[Scope::Global, Scope::Read, Scope::ReadProtected, Scope::Write, Scope::WriteProtected];
/// Secrets are told.
const SECRETS: &[Scope] = &[Scope::Global, Scope::ReadProtected, Scope::WriteProtected];
const WRITE: &[Scope] = &[Scope::Global, Scope::Write, Scope::WriteProtected];
/// Something of the user's is run, and could tell secrets.
const RUN: &[Scope] = &[Scope::Global, Scope::WriteProtected];
/// Credentials, and who may do what.
const GLOBAL: &[Scope] = &[Scope::Global];

const fn public(method: &'static str, path: &'static str) -> Rule {
    Rule { method, path, nobody: 0, stranger: 0, former: 0, collaborator: 0, scopes: ANY }
}

const fn user(method: &'static str, path: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { nobody: 401, scopes, ..public(method, path) }
}

const fn admin(method: &'static str, path: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { stranger: 403, former: 403, collaborator: 403, ..user(method, path, scopes) }
}

const fn using(method: &'static str, path: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { stranger: 404, former: 403, ..user(method, path, scopes) }
}

const fn managing(method: &'static str, path: &'static str, scopes: &'static [Scope]) -> Rule {
    Rule { collaborator: 403, ..using(method, path, scopes) }
}

/// Every route that users have. `blog` is the app; nothing here changes it.
const RULES: [Rule; 75] = [
    public("GET", "/healthz"),
    public("GET", "/readiness"),
    public("POST", "/v2/auth/login/"),
    // Who may is told by its own tests: a body that is none is refused before.
    public("POST", "/v2/auth/register"),
    user("GET", "/v2/auth/whoami", IDENTITY),
    user("POST", "/v2/auth/passwd", GLOBAL),
    user("POST", "/v2/auth/tokens/", GLOBAL),
    user("GET", "/v2/auth/api-tokens", IDENTITY),
    user("POST", "/v2/auth/api-tokens", GLOBAL),
    user("DELETE", "/v2/auth/api-tokens/none", GLOBAL),
    user("GET", "/v2/", ANY),
    user("GET", "/v2/info", ANY),
    admin("GET", "/v2/users", GLOBAL),
    admin("GET", "/v2/admin/perms", GLOBAL),
    admin("POST", "/v2/admin/perms", GLOBAL),
    admin("DELETE", "/v2/admin/perms/nobody", GLOBAL),
    admin("GET", "/v2/audit", SECRETS),
    user("GET", "/v2/apps", READ),
    user("POST", "/v2/apps", WRITE),
    user("GET", "/v2/keys", IDENTITY),
    user("POST", "/v2/keys", GLOBAL),
    user("GET", "/v2/keys/none", IDENTITY),
    user("DELETE", "/v2/keys/none", GLOBAL),
    user("GET", "/v2/certs", READ),
    user("POST", "/v2/certs", WRITE),
    user("GET", "/v2/certs/none", READ),
    user("DELETE", "/v2/certs/none", WRITE),
    user("POST", "/v2/certs/none/domain/", WRITE),
    user("POST", "/v2/certs/none/domain/none.example", WRITE),
    user("DELETE", "/v2/certs/none/domain/none.example", WRITE),
    using("GET", "/v2/apps/blog", READ),
    using("POST", "/v2/apps/blog", GLOBAL),
    managing("DELETE", "/v2/apps/blog", WRITE),
    managing("GET", "/v2/apps/blog/audit", SECRETS),
    using("GET", "/v2/apps/blog/config", SECRETS),
    using("POST", "/v2/apps/blog/config", RUN),
    using("GET", "/v2/apps/blog/builds", READ),
    using("POST", "/v2/apps/blog/builds", RUN),
    using("GET", "/v2/apps/blog/builds/00000000-0000-0000-0000-000000000000", READ),
    using("GET", "/v2/apps/blog/builds/00000000-0000-0000-0000-000000000000/logs", READ),
    using("POST", "/v2/apps/blog/builds/00000000-0000-0000-0000-000000000000/cancel", WRITE),
    using("GET", "/v2/apps/blog/releases", READ),
    using("GET", "/v2/apps/blog/releases/v1", READ),
    using("POST", "/v2/apps/blog/releases/rollback", RUN),
    using("GET", "/v2/apps/blog/pods", READ),
    using("GET", "/v2/apps/blog/pods/web", READ),
    using("GET", "/v2/apps/blog/pods/web/blog-web-1", READ),
    using("POST", "/v2/apps/blog/pods/restart", WRITE),
    using("POST", "/v2/apps/blog/pods/web/restart", WRITE),
    using("POST", "/v2/apps/blog/pods/web/blog-web-1/restart", WRITE),
    using("POST", "/v2/apps/blog/scale", WRITE),
    using("GET", "/v2/apps/blog/logs", READ),
    using("POST", "/v2/apps/blog/run", RUN),
    using("GET", "/v2/apps/blog/run", RUN),
    using("GET", "/v2/apps/blog/pods/web/blog-web-1/exec", RUN),
    using("GET", "/v2/apps/blog/runs", READ),
    using("POST", "/v2/apps/blog/runs", RUN),
    using("POST", "/v2/apps/blog/runs/none/stop", WRITE),
    using("GET", "/v2/apps/blog/domains", READ),
    using("POST", "/v2/apps/blog/domains", WRITE),
    managing("DELETE", "/v2/apps/blog/domains/nothing.example", WRITE),
    using("GET", "/v2/apps/blog/settings", READ),
    using("POST", "/v2/apps/blog/settings", WRITE),
    using("GET", "/v2/apps/blog/tls", READ),
    using("POST", "/v2/apps/blog/tls", WRITE),
    using("GET", "/v2/apps/blog/services", READ),
    using("POST", "/v2/apps/blog/services", WRITE),
    managing("DELETE", "/v2/apps/blog/services", WRITE),
    using("GET", "/v2/apps/blog/whitelist", READ),
    using("POST", "/v2/apps/blog/whitelist", WRITE),
    managing("DELETE", "/v2/apps/blog/whitelist", WRITE),
    using("GET", "/v2/apps/blog/perms", READ),
    managing("POST", "/v2/apps/blog/perms", GLOBAL),
    managing("DELETE", "/v2/apps/blog/perms/nobody", GLOBAL),
    user("DELETE", "/v2/auth/cancel", GLOBAL),
];

/// Calls the route with a body that each refuses once it lets somebody in, so that the matrix changes nothing.
async fn call(client: &Client, method: &str, path: &str) -> Answer {
    client.send(Method::from_bytes(method.as_bytes()).unwrap(), path, Body::from("[]")).await
}

/// Whether the answer is one of those that keep people out.
fn is_shut(answer: &Answer) -> bool {
    let hidden = answer.body == "\"No App matches the given query.\"";
    matches!(answer.status.as_u16(), 401 | 403) || hidden
}

#[track_caller]
fn check(who: &str, rule: &Rule, wanted: u16, answer: &Answer) {
    let (method, path) = (rule.method, rule.path);
    if wanted == 0 {
        assert!(!is_shut(answer), "{who} is kept out of {method} {path}: {answer}");
    } else {
        assert!(is_shut(answer) && answer.status == wanted, "{who} at {method} {path}: {answer}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_access_matrix(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let owner = installation.user(&admin, "owner").await;
    let stranger = installation.user(&admin, "stranger").await;
    let former = installation.user(&admin, "former").await;
    let collaborator = installation.user(&admin, "collaborator").await;
    owner.post("/v2/apps", json!({"id": "blog"})).await;
    for name in ["former", "collaborator"] {
        owner.post("/v2/apps/blog/perms", json!({"username": name})).await;
    }
    owner.delete("/v2/apps/blog/perms/former").await;
    let mut revoked = installation.anybody();
    revoked.login("owner").await;
    owner.post("/v2/auth/tokens/", json!({})).await;
    let mut owner = installation.anybody();
    owner.login("owner").await;

    for rule in &RULES {
        check("nobody", rule, rule.nobody, &call(&installation.anybody(), rule.method, rule.path).await);
        check("a revoked token", rule, rule.nobody, &call(&revoked, rule.method, rule.path).await);
        check("a stranger", rule, rule.stranger, &call(&stranger, rule.method, rule.path).await);
        check("a former collaborator", rule, rule.former, &call(&former, rule.method, rule.path).await);
        check("a collaborator", rule, rule.collaborator, &call(&collaborator, rule.method, rule.path).await);
        if (rule.method, rule.path) == ("DELETE", "/v2/apps/blog") {
            // Who may do it is told by its own test; the rest of this one needs the app.
            continue;
        }
        // An administrator's rule keeps out the owner of an app too.
        let owners = if rule.stranger == 403 { 403 } else { 0 };
        check("the owner", rule, owners, &call(&owner, rule.method, rule.path).await);
        check("an administrator", rule, 0, &call(&admin, rule.method, rule.path).await);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stranger_hears_of_an_app_what_is_heard_of_none(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let stranger = installation.user(&admin, "stranger").await;
    admin.post("/v2/apps", json!({"id": "blog"})).await;
    for rule in RULES.iter().filter(|rule| rule.stranger == 404) {
        let there = call(&stranger, rule.method, rule.path).await;
        let nowhere = call(&stranger, rule.method, &rule.path.replace("/blog", "/none")).await;
        assert_eq!((there.status, &there.body), (nowhere.status, &nowhere.body), "{} {}", rule.method, rule.path);
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&there), names(&nowhere));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn things_of_one_app_are_not_found_in_another(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    ana.post("/v2/apps", json!({"id": "blog"})).await;
    ana.post("/v2/apps", json!({"id": "shop"})).await;
    ana.post("/v2/apps/shop/domains", json!({"domain": "shop.example"})).await;
    assert_eq!(ana.delete("/v2/apps/blog/domains/shop.example").await.status, 404);
    assert_eq!(ana.delete("/v2/apps/shop/domains/shop.example").await.status, 204);
}

#[test]
fn no_route_is_without_a_rule() {
    for route in every_route::all() {
        let has_rule = RULES.iter().any(|rule| route.takes(rule.method, rule.path));
        assert!(has_rule, "{} {} has no rule", route.method, route.pattern);
    }
}

/// The same user with a token that is good only for that.
async fn scoped(client: &Client, scope: Scope, apps: Option<&str>) -> Client {
    let name = format!("{scope}-{}", apps.unwrap_or("all"));
    let mut wanted = json!({"name": name, "scopes": [scope.as_str()]});
    if let Some(apps) = apps {
        wanted["apps"] = json!([apps]);
    }
    let made = client.post("/v2/auth/api-tokens", wanted).await.expect(StatusCode::CREATED);
    client.with_token(made.json()["token"].as_str().unwrap())
}

#[sqlx::test(migrations = "../migrations")]
async fn the_matrix_of_scopes(pool: PgPool) {
    let (_installation, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await;
    for scope in Scope::ALL {
        let program = scoped(&admin, scope, None).await;
        for rule in &RULES {
            let lets_in = rule.scopes.contains(&scope);
            if lets_in && (rule.method, rule.path) == ("DELETE", "/v2/apps/blog") {
                // Has its own test; the rest of this one needs the app.
                continue;
            }
            let answer = call(&program, rule.method, rule.path).await;
            check(&format!("the scope {scope}"), rule, if lets_in { 0 } else { 403 }, &answer);
            assert_eq!(answer.body.contains("This token may not be used for that."), !lets_in, "{answer}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_scope_says_what_it_lacks(pool: PgPool) {
    let (_installation, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await;
    let reader = scoped(&admin, Scope::Read, None).await;
    assert_snapshot!(reader.get("/v2/apps/blog/config").await, @r#"403 {"detail":"This token may not be used for that. It takes the scope read-protected."}"#);
    // Whether there is such an app makes no difference.
    assert_snapshot!(reader.get("/v2/apps/none/config").await, @r#"403 {"detail":"This token may not be used for that. It takes the scope read-protected."}"#);
    assert_snapshot!(reader.register("ana").await, @r#"403 {"detail":"This token may not be used for that. It takes the scope global."}"#);
    let writer = scoped(&admin, Scope::Write, None).await;
    assert_snapshot!(writer.post("/v2/apps/blog/run", json!({"command": "env"})).await, @r#"403 {"detail":"This token may not be used for that. It takes the scope write-protected."}"#);
    assert_snapshot!(writer.post("/v2/apps/blog", json!({"owner": "admin"})).await, @r#"403 {"detail":"This token may not be used for that. It takes the scope global."}"#);
    assert_snapshot!(writer.delete("/v2/apps/blog").await, @"204");
}

#[sqlx::test(migrations = "../migrations")]
async fn scopes_add_nothing_to_what_a_user_may(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let stranger = installation.user(&admin, "stranger").await;
    admin.post("/v2/apps", json!({"id": "blog"})).await;
    let program = scoped(&stranger, Scope::Global, None).await;
    for rule in &RULES {
        check("a stranger's program", rule, rule.stranger, &call(&program, rule.method, rule.path).await);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_token_for_one_app_knows_of_no_other(pool: PgPool) {
    let (_installation, admin) = Installation::with_admin(pool).await;
    for name in ["blog", "shop"] {
        admin.post("/v2/apps", json!({"id": name})).await;
    }
    let program = scoped(&admin, Scope::Global, Some("shop")).await;
    for rule in &RULES {
        let answer = call(&program, rule.method, rule.path).await;
        let of_app = rule.path.starts_with("/v2/apps/blog");
        let wanted = match (of_app, rule.nobody) {
            (true, _) => 404,
            (false, 401) if !rule.scopes.contains(&Scope::Identity) => 403,
            (false, _) => 0,
        };
        check("a token for another app", rule, wanted, &answer);
        if of_app {
            let nowhere = call(&program, rule.method, &rule.path.replace("/blog", "/none")).await;
            assert_eq!((answer.status, &answer.body), (nowhere.status, &nowhere.body), "{} {}", rule.method, rule.path);
        }
    }
    program.get("/v2/apps/shop/config").await.expect(StatusCode::OK);
    // Another app of its name is another app.
    program.delete("/v2/apps/shop").await.expect(StatusCode::NO_CONTENT);
    admin.post("/v2/apps", json!({"id": "shop"})).await.expect(StatusCode::CREATED);
    program.get("/v2/apps/shop").await.expect(StatusCode::NOT_FOUND);
    let listed = admin.get("/v2/auth/api-tokens").await.json();
    assert_eq!(listed["results"][0]["apps"], Value::Array(Vec::new()));
}
