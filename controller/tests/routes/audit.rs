//! Every call that changes something, or would, leaves one row that says who made it, and what to; no reading does.

use axum::http::StatusCode;
use controller::platform::memory::Script;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    certs, every_route,
    harness::{Answer, Client, Installation, PASSWORD},
    keys::ED25519,
};

/// `who action target (app)` of each row after the first `skip`, in their order.
async fn rows(installation: &Installation, skip: i64) -> String {
    let rows: Vec<(String, String, String, bool, String)> = sqlx::query_as(
        "select username, action, target, app_uuid is not null, request_id from audit order by id offset $1",
    )
    .bind(skip)
    .fetch_all(&installation.pool)
    .await
    .unwrap();
    assert!(rows.iter().all(|row| row.4.len() == 36), "{rows:?}");
    let line = |(who, action, target, is_of_app, _): (String, String, String, bool, String)| {
        let target = if action == "apps:run" { "<run>".to_owned() } else { target };
        format!("{who} {action} {target}{}\n", if is_of_app { " (app)" } else { "" })
    };
    rows.into_iter().map(line).collect()
}

async fn post(client: &Client, path: &str, body: Value) {
    let answer = client.post(path, body).await;
    assert!(answer.status.is_success(), "{path}: {answer}");
}

#[sqlx::test(migrations = "../migrations")]
async fn changes_of_an_app(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.user(&admin, "ana").await;
    installation.platform.image("example:latest", Script::serves(5000));
    post(&admin, "/v2/apps", json!({"id": "blog"})).await;
    post(&admin, "/v2/apps/blog/builds", json!({"image": "example"})).await;
    post(&admin, "/v2/apps/blog/config", json!({"values": {"PASSWORD": "hunter2"}})).await;
    post(&admin, "/v2/apps/blog/releases/rollback", json!({"version": 2})).await;
    post(&admin, "/v2/apps/blog/scale", json!({"cmd": 2})).await;
    post(&admin, "/v2/apps/blog/pods/restart", json!({})).await;
    installation.platform.image("example:latest", Script::exits(0, &[]));
    post(&admin, "/v2/apps/blog/run", json!({"command": "echo hunter2"})).await;
    post(&admin, "/v2/apps/blog/domains", json!({"domain": "www.example.com"})).await;
    certs::add(&admin, "web").await.expect(StatusCode::CREATED);
    post(&admin, "/v2/certs/web/domain/", json!({"domain": "www.example.com"})).await;
    admin.delete("/v2/certs/web/domain/www.example.com").await.expect(StatusCode::NO_CONTENT);
    admin.delete("/v2/apps/blog/domains/www.example.com").await.expect(StatusCode::NO_CONTENT);
    post(&admin, "/v2/apps/blog/settings", json!({"maintenance": true, "label": {"team": "frontend"}})).await;
    post(&admin, "/v2/apps/blog/tls", json!({"https_enforced": true})).await;
    post(&admin, "/v2/apps/blog/whitelist", json!({"addresses": ["1.2.3.4", "::1"]})).await;
    let gone = json!({"addresses": ["::1"]});
    admin.delete_with("/v2/apps/blog/whitelist", gone).await.expect(StatusCode::NO_CONTENT);
    post(&admin, "/v2/apps/blog/perms", json!({"username": "ana"})).await;
    admin.delete("/v2/apps/blog/perms/ana").await.expect(StatusCode::NO_CONTENT);
    post(&admin, "/v2/apps/blog", json!({"owner": "ana"})).await;
    admin.delete("/v2/apps/blog").await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(rows(&installation, 4).await, @r#"
admin apps:create blog (app)
admin builds:create example (app)
admin config:set PASSWORD (app)
admin releases:rollback v2 (app)
admin ps:scale cmd=2 (app)
admin ps:restart all (app)
admin apps:run <run> (app)
admin domains:add www.example.com (app)
admin certs:add web
admin certs:attach web www.example.com (app)
admin certs:detach web www.example.com (app)
admin domains:remove www.example.com (app)
admin settings:set turned maintenance mode on, set label team (app)
admin tls:enable  (app)
admin whitelist:add 1.2.3.4, ::1 (app)
admin whitelist:remove ::1 (app)
admin perms:create ana (app)
admin perms:delete ana (app)
admin apps:transfer ana (app)
admin apps:destroy blog (app)
"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn changes_of_accounts(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let mut ana = installation.user(&admin, "ana").await;
    post(&ana, "/v2/auth/passwd", json!({"password": PASSWORD, "new_password": "other"})).await;
    post(&ana, "/v2/auth/passwd", json!({"password": "other", "new_password": PASSWORD})).await;
    post(&ana, "/v2/auth/tokens/", json!({})).await;
    ana.login("ana").await;
    post(&ana, "/v2/keys", json!({"id": "laptop", "public": ED25519})).await;
    ana.delete("/v2/keys/laptop").await.expect(StatusCode::NO_CONTENT);
    certs::add(&ana, "web").await.expect(StatusCode::CREATED);
    ana.delete("/v2/certs/web").await.expect(StatusCode::NO_CONTENT);
    post(&admin, "/v2/admin/perms", json!({"username": "ana"})).await;
    admin.delete("/v2/admin/perms/ana").await.expect(StatusCode::NO_CONTENT);
    ana.delete("/v2/auth/cancel").await.expect(StatusCode::NO_CONTENT);
    assert_snapshot!(rows(&installation, 0).await, @r#"
admin auth:register admin
admin auth:login local
admin auth:register ana
ana auth:login local
ana auth:passwd ana
ana auth:passwd ana
ana auth:regenerate ana
ana auth:login local
ana keys:add laptop
ana keys:remove laptop
ana certs:add web
ana certs:remove web
admin admin:create ana
admin admin:delete ana
ana auth:cancel ana
"#);
}

/// `who by what from where: action target (app) = outcome` of each row of the answer, newest first.
fn told(answer: &Answer) -> String {
    let rows = answer.json()["results"].as_array().unwrap().clone();
    let line = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let app = if row["app"].is_null() { String::new() } else { format!(" ({})", text("app")) };
        let by = format!("{} {}", text("via"), text("token"));
        let (user, by, from, action) = (text("user"), by.trim_end(), text("address"), text("action"));
        format!("{user} by {by} from {from}: {action} {}{app} = {}\n", text("target"), text("outcome"))
    };
    rows.iter().map(line).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_not_done_is_told_too(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    post(&admin, "/v2/apps", json!({"id": "blog"})).await;
    for (path, body) in [
        ("/v2/apps", json!({"id": "blog"})),
        ("/v2/keys", json!({"id": "laptop", "public": "ssh-rsa"})),
        ("/v2/apps/blog/domains", json!({"domain": "*"})),
        ("/v2/apps/blog/settings", json!({})),
        ("/v2/apps/blog/scale", json!({"web": 1})),
        ("/v2/apps/blog/run", json!({"command": "hunter2"})),
        ("/v2/apps/blog/perms", json!({"username": "nobody"})),
    ] {
        let answer = admin.post(path, body).await;
        assert!(answer.status.is_client_error(), "{path}: {answer}");
    }
    // Nor does it make a stranger somebody who could use the app once.
    ana.post("/v2/apps/blog/scale", json!({"web": 1})).await.expect(StatusCode::NOT_FOUND);
    ana.get("/v2/apps/blog").await.expect(StatusCode::NOT_FOUND);
    installation.anybody().post("/v2/apps", json!({"id": "shop"})).await.expect(StatusCode::UNAUTHORIZED);
    assert_snapshot!(told(&admin.get("/v2/audit?limit=9").await), @r"
    ana by login from local: POST /v2/apps/{id}/scale blog 404 = refused
    admin by login from local: POST /v2/apps/{id}/perms blog 404 (blog) = refused
    admin by login from local: POST /v2/apps/{id}/run blog 400 (blog) = refused
    admin by login from local: POST /v2/apps/{id}/scale blog 400 (blog) = refused
    admin by login from local: POST /v2/apps/{id}/settings blog 409 (blog) = refused
    admin by login from local: POST /v2/apps/{id}/domains blog 400 (blog) = refused
    admin by login from local: POST /v2/keys 400 = refused
    admin by login from local: POST /v2/apps 400 = refused
    admin by login from local: apps:create blog (blog) = done
    ");
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_say_by_what_and_from_where_and_with_what_outcome(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    installation.platform.image("example:latest", Script::serves(5000));
    installation.platform.image("broken:latest", Script::exits(1, &[]));
    post(&ana, "/v2/apps", json!({"id": "blog"})).await;
    let made = ana.post("/v2/auth/api-tokens", json!({"name": "ci", "scopes": ["write-protected"]})).await;
    let ci = ana.with_token(made.json()["token"].as_str().unwrap()).with_header("X-Forwarded-For", "::ffff:192.0.2.7");
    post(&ci, "/v2/apps/blog/builds", json!({"image": "example"})).await;
    ci.post("/v2/apps/blog/builds", json!({"image": "broken"})).await.expect(StatusCode::BAD_REQUEST);
    ci.post("/v2/apps/blog/perms", json!({"username": "admin"})).await.expect(StatusCode::FORBIDDEN);
    post(&ana, "/v2/apps/blog/perms", json!({"username": "admin"})).await;
    assert_snapshot!(told(&ana.get("/v2/apps/blog/audit").await), @r"
    ana by login from local: perms:create admin (blog) = done
    ana by api ci from 192.0.2.7: builds:create broken (blog) = failed
    ana by api ci from 192.0.2.7: builds:create example (blog) = done
    ana by login from local: apps:create blog (blog) = done
    ");
    assert_snapshot!(told(&admin.get("/v2/audit?limit=2").await), @r"
    ana by login from local: perms:create admin (blog) = done
    ana by api ci from 192.0.2.7: POST /v2/apps/{id}/perms blog 403 = refused
    ");
    let page = admin.get("/v2/audit?limit=1&offset=1").await.json();
    assert_eq!(page["next"], "http://slipway.localhost/v2/audit?limit=1&offset=2");
}

#[sqlx::test(migrations = "../migrations")]
async fn no_change_goes_without_a_row(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    post(&admin, "/v2/apps", json!({"id": "blog"})).await;
    let mut routes = every_route::all(&admin).await;
    let is_users = |access: &str| !["anybody", "builder"].contains(&access);
    routes.retain(|route| route.method != "GET" && is_users(&route.access) || route.pattern == "/v2/auth/register");
    // Its body is not read, so that it is done; the others need the app.
    routes.sort_by_key(|route| (route.method.as_str(), route.pattern.as_str()) == ("DELETE", "/v2/apps/{id}"));
    let mut known = rows(&installation, 0).await.lines().count();
    for route in &routes {
        let answer = admin.send(route.method.parse().unwrap(), &route.of_nothing("blog"), "[]".into()).await;
        let now = rows(&installation, 0).await.lines().count();
        assert_eq!(now, known + 1, "{} {}: {answer}", route.method, route.pattern);
        known = now;
    }
    // No reading does.
    admin.get("/v2/apps").await.expect(StatusCode::OK);
    assert_eq!(rows(&installation, 0).await.lines().count(), known);
}
