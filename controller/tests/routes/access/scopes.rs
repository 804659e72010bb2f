//! What a token of each scope, and one for certain apps, may be used for.

use api::names::Scope;
use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{APP, Rule, call, check, destroys};
use crate::{
    every_route,
    harness::{Client, Installation},
};

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
        for route in every_route::all(&admin).await {
            let rule = Rule::of(&route);
            let lets_in = rule.scopes.contains(&scope);
            if lets_in && (destroys(&route) || rule.admin != 0) {
                continue;
            }
            let answer = call(&program, &route, APP).await;
            check(&format!("the scope {scope}"), &route, if lets_in { 0 } else { 403 }, &answer);
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
    for route in every_route::all(&admin).await {
        let rule = Rule::of(&route);
        check("a stranger's program", &route, rule.stranger, &call(&program, &route, APP).await);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_token_for_one_app_knows_of_no_other(pool: PgPool) {
    let (_installation, admin) = Installation::with_admin(pool).await;
    for name in ["blog", "shop"] {
        admin.post("/v2/apps", json!({"id": name})).await;
    }
    let program = scoped(&admin, Scope::Global, Some("shop")).await;
    for route in every_route::all(&admin).await {
        let rule = Rule::of(&route);
        let answer = call(&program, &route, APP).await;
        let of_app = route.pattern.starts_with("/v2/apps/{id}");
        let wanted = match (of_app, rule.nobody) {
            (true, _) => 404,
            (false, _) if rule.admin != 0 => rule.admin,
            (false, 401) if !rule.scopes.contains(&Scope::Identity) => 403,
            (false, _) => 0,
        };
        check("a token for another app", &route, wanted, &answer);
        if of_app {
            let nowhere = call(&program, &route, "none").await;
            assert_eq!((answer.status, &answer.body), (nowhere.status, &nowhere.body), "{route:?}");
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
