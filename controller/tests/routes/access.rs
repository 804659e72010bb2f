//! Who may call what: every route by everybody.

use axum::{body::Body, http::Method};
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Answer, Client, Installation};

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
}

const fn public(method: &'static str, path: &'static str) -> Rule {
    Rule { method, path, nobody: 0, stranger: 0, former: 0, collaborator: 0 }
}

const fn user(method: &'static str, path: &'static str) -> Rule {
    Rule { nobody: 401, ..public(method, path) }
}

const fn admin(method: &'static str, path: &'static str) -> Rule {
    Rule { stranger: 403, former: 403, collaborator: 403, ..user(method, path) }
}

const fn using(method: &'static str, path: &'static str) -> Rule {
    Rule { stranger: 404, former: 403, ..user(method, path) }
}

const fn managing(method: &'static str, path: &'static str) -> Rule {
    Rule { collaborator: 403, ..using(method, path) }
}

/// Every route that users have. `blog` is the app; nothing here changes it.
const RULES: [Rule; 59] = [
    public("GET", "/healthz"),
    public("GET", "/readiness"),
    public("POST", "/v2/auth/login/"),
    user("GET", "/v2/auth/whoami"),
    user("POST", "/v2/auth/passwd"),
    user("GET", "/v2/"),
    user("GET", "/v2/info"),
    admin("GET", "/v2/users"),
    admin("GET", "/v2/admin/perms"),
    admin("POST", "/v2/admin/perms"),
    admin("DELETE", "/v2/admin/perms/nobody"),
    user("GET", "/v2/apps"),
    user("POST", "/v2/apps"),
    user("GET", "/v2/keys"),
    user("POST", "/v2/keys"),
    user("GET", "/v2/keys/none"),
    user("DELETE", "/v2/keys/none"),
    user("GET", "/v2/certs"),
    user("POST", "/v2/certs"),
    user("GET", "/v2/certs/none"),
    user("DELETE", "/v2/certs/none"),
    user("POST", "/v2/certs/none/domain/"),
    user("DELETE", "/v2/certs/none/domain/none.example"),
    using("GET", "/v2/apps/blog"),
    using("POST", "/v2/apps/blog"),
    managing("DELETE", "/v2/apps/blog"),
    using("GET", "/v2/apps/blog/config"),
    using("POST", "/v2/apps/blog/config"),
    using("GET", "/v2/apps/blog/builds"),
    using("POST", "/v2/apps/blog/builds"),
    using("GET", "/v2/apps/blog/builds/00000000-0000-0000-0000-000000000000"),
    using("GET", "/v2/apps/blog/builds/00000000-0000-0000-0000-000000000000/logs"),
    using("POST", "/v2/apps/blog/builds/00000000-0000-0000-0000-000000000000/cancel"),
    using("GET", "/v2/apps/blog/releases"),
    using("GET", "/v2/apps/blog/releases/v1"),
    using("POST", "/v2/apps/blog/releases/rollback"),
    using("GET", "/v2/apps/blog/pods"),
    using("GET", "/v2/apps/blog/pods/web"),
    using("GET", "/v2/apps/blog/pods/web/blog-web-1"),
    using("POST", "/v2/apps/blog/pods/restart"),
    using("POST", "/v2/apps/blog/pods/web/restart"),
    using("POST", "/v2/apps/blog/pods/web/blog-web-1/restart"),
    using("POST", "/v2/apps/blog/scale"),
    using("GET", "/v2/apps/blog/logs"),
    using("POST", "/v2/apps/blog/run"),
    using("GET", "/v2/apps/blog/domains"),
    using("POST", "/v2/apps/blog/domains"),
    managing("DELETE", "/v2/apps/blog/domains/nothing.example"),
    using("GET", "/v2/apps/blog/settings"),
    using("POST", "/v2/apps/blog/settings"),
    using("GET", "/v2/apps/blog/tls"),
    using("POST", "/v2/apps/blog/tls"),
    using("GET", "/v2/apps/blog/whitelist"),
    using("POST", "/v2/apps/blog/whitelist"),
    managing("DELETE", "/v2/apps/blog/whitelist"),
    using("GET", "/v2/apps/blog/perms"),
    managing("POST", "/v2/apps/blog/perms"),
    managing("DELETE", "/v2/apps/blog/perms/nobody"),
    user("DELETE", "/v2/auth/cancel"),
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
