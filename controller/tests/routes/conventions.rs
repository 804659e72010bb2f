//! What holds on every route: headers, slashes, pages, and the answers to what no route is for.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::Installation;

#[sqlx::test(migrations = "../migrations")]
async fn every_answer_bears_the_headers(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    for answer in [
        admin.get("/v2/auth/whoami").await.expect(StatusCode::OK),
        installation.anybody().get("/v2/").await.expect(StatusCode::UNAUTHORIZED),
        installation.anybody().get("/healthz").await.expect(StatusCode::OK),
        admin.get("/v2/nothing/here").await.expect(StatusCode::NOT_FOUND),
        admin.send(Method::PATCH, "/v2/users", Body::empty()).await.expect(StatusCode::METHOD_NOT_ALLOWED),
    ] {
        assert_eq!(answer.header("DEIS_API_VERSION"), "2.3");
        assert_eq!(answer.header("DEIS_PLATFORM_VERSION"), "2.3.0");
        assert_eq!(answer.header("X-Frame-Options"), "DENY");
        assert_eq!(answer.header("Access-Control-Allow-Origin"), "*");
        assert_eq!(answer.header("Access-Control-Expose-Headers"), "deis_api_version,deis_platform_version");
        assert!(!answer.header("X-Request-Id").is_empty());
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_controller_is_known_by_its_401(pool: PgPool) {
    let installation = Installation::fresh(pool).await;
    let answer = installation.anybody().get("/v2/").await;
    assert_snapshot!(answer, @r#"401 {"detail":"Authentication credentials were not provided."}"#);
    assert_eq!(answer.header("WWW-Authenticate"), "Token");
    let wrong = installation.anybody().with_token("guess").get("/v2/").await;
    assert_snapshot!(wrong, @r#"401 {"detail":"Invalid token."}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_root_says_what_there_is(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    assert_snapshot!(admin.get("/v2/").await, @r#"200 {"admin/perms":"http://slipway.localhost/v2/admin/perms","apps":"http://slipway.localhost/v2/apps","auth/whoami":"http://slipway.localhost/v2/auth/whoami","info":"http://slipway.localhost/v2/info","keys":"http://slipway.localhost/v2/keys","users":"http://slipway.localhost/v2/users"}"#);
    assert_snapshot!(admin.get("/v2/info").await, @r#"200 {"domain":"localhost","platform_version":"2.3.0","version":"0.1.0"}"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn health_needs_no_token(pool: PgPool) {
    let installation = Installation::fresh(pool).await;
    let anybody = installation.anybody();
    assert_snapshot!(anybody.get("/healthz").await, @"200 OK");
    assert_snapshot!(anybody.get("/readiness").await, @"200 OK");
    assert_snapshot!(anybody.send(Method::HEAD, "/readiness", Body::empty()).await, @"200");
    installation.pool.close().await;
    assert_snapshot!(anybody.get("/healthz").await, @"200 OK");
    assert_snapshot!(anybody.get("/readiness").await, @"503 The database does not answer.");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_unreachable_database_is_a_503(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.pool.close().await;
    let answer = admin.get("/v2/users").await;
    assert_snapshot!(answer, @r#"503 {"detail":"Service temporarily unavailable, try again later."}"#);
    assert_eq!(answer.header("Retry-After"), "2");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_slash_at_the_end_is_optional_but_where_it_is_not(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.get("/v2/users").await.expect(StatusCode::OK);
    admin.get("/v2/users/").await.expect(StatusCode::OK);
    admin.get("/v2/users//").await.expect(StatusCode::NOT_FOUND);
    let answer = admin.post("/v2/auth/login", json!({})).await;
    assert_snapshot!(answer, @r#"
404 <!doctype html>
<html lang="en">
<head><title>Not Found</title></head>
<body>
<h1>Not Found</h1><p>The requested resource was not found on this server.</p>
</body>
</html>
"#);
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_bodies_and_methods(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    let broken = admin.send(Method::POST, "/v2/auth/register", Body::from("{")).await;
    assert_snapshot!(broken, @r#"400 {"detail":"JSON parse error - EOF while parsing an object at line 1 column 1"}"#);
    let list = admin.post("/v2/auth/register", json!([])).await;
    assert_snapshot!(list, @r#"400 {"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#);
    let number = admin.post("/v2/auth/register", json!({"username": 7})).await;
    assert_snapshot!(number, @r#"400 {"username":["invalid type: integer `7`, expected a string"]}"#);
    let huge = admin.send(Method::POST, "/v2/auth/register", Body::from(vec![b' '; (1 << 20) + 1])).await;
    assert_snapshot!(huge, @r#"413 {"detail":"The request body is larger than 1024 KiB."}"#);
    let patch = admin.send(Method::PATCH, "/v2/users", Body::empty()).await;
    assert_snapshot!(patch, @r#"405 {"detail":"Method \"PATCH\" not allowed."}"#);
    assert_eq!(patch.header("Allow"), "GET,HEAD");
}

#[sqlx::test(migrations = "../migrations")]
async fn lists_come_in_pages(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    for name in ["ana", "ben"] {
        admin.register(name).await.expect(StatusCode::CREATED);
    }
    let page = admin.get("/v2/users?limit=1&offset=1").await.json();
    assert_eq!(page["count"], 3);
    assert_eq!(page["results"].as_array().unwrap().len(), 1);
    assert_eq!(page["next"], "http://slipway.localhost/v2/users?limit=1&offset=2");
    assert_eq!(page["previous"], "http://slipway.localhost/v2/users?limit=1");
    let secure = admin.with_header("X-Forwarded-Proto", "https").get("/v2/users/?limit=1").await.json();
    assert_eq!(secure["next"], "https://slipway.localhost/v2/users/?limit=1&offset=1");
    for all in ["/v2/users", "/v2/users?limit=0", "/v2/users?limit=x&offset=-3"] {
        let page = admin.get(all).await.json();
        assert_eq!((page["results"].as_array().unwrap().len(), page["next"].is_null()), (3, true), "{all}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_may_ask_first(pool: PgPool) {
    let installation = Installation::fresh(pool).await;
    let browser = installation
        .anybody()
        .with_header("Origin", "https://console.example.com")
        .with_header("Access-Control-Request-Method", "POST");
    let answer = browser.send(Method::OPTIONS, "/v2/apps", Body::empty()).await.expect(StatusCode::OK);
    assert_eq!(answer.header("Access-Control-Allow-Headers"), "accept,authorization,content-type,idempotency-key");
}

/// Texts that break what handles them carelessly.
const HOSTILE: [&str; 8] =
    ["\u{0}", "a\u{0}b", "'; drop table users; --", "../../etc/passwd", "$(id)", "\n", "\u{202e}", "%00"];

#[sqlx::test(migrations = "../migrations")]
async fn hostile_texts_are_refused_and_never_our_fault(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    for text in HOSTILE.iter().map(|text| (*text).to_owned()).chain(["x".repeat(100_000)]) {
        for (path, body) in [
            ("/v2/auth/login/", json!({"username": text, "password": text})),
            ("/v2/auth/register", json!({"username": text, "password": text, "email": text})),
            ("/v2/auth/passwd", json!({"username": text, "new_password": "x"})),
            ("/v2/auth/tokens/", json!({"username": text})),
            ("/v2/admin/perms", json!({"username": text})),
            ("/v2/keys", json!({"id": text, "public": text})),
            ("/v2/apps", json!({"id": text})),
            ("/v2/apps/blog", json!({"owner": text})),
            ("/v2/apps/blog/perms", json!({"username": text})),
            ("/v2/apps/blog/domains", json!({"domain": text})),
            ("/v2/apps/blog/builds", json!({"image": text})),
            ("/v2/apps/blog/config", json!({"values": {&text: "x"}})),
            ("/v2/apps/blog/scale", json!({&text: 1})),
        ] {
            let answer = admin.post(path, body).await;
            // A very long name of a variable is a strange one, but a good one.
            let fine = answer.status.is_client_error() || path.ends_with("/config") && text.len() > 1000;
            assert!(fine, "{path} {:?}: {}", text.get(..text.len().min(20)), answer.status);
        }
    }
    for path in
        ["/v2/keys/%00", "/v2/admin/perms/%00", "/v2/apps/blog/perms/%00", "/v2/apps/blog/domains/%00", "/v2/apps/%00"]
    {
        let answer = admin.delete(path).await;
        assert!(answer.status.is_client_error(), "{path}: {answer}");
    }
    for path in ["/v2/apps/%ff/config", "/v2/apps/blog/pods/%00/%00", "/v2/apps/blog/logs?log_lines=1&log_lines=2"] {
        let answer = installation.anybody().get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {answer}");
        let answer = admin.get(path).await;
        assert!(!answer.status.is_server_error(), "{path}: {answer}");
    }
}
