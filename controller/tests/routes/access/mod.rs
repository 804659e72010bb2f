//! Who may call what: every route of the document by everybody.

mod elsewhere;
mod rules;
mod scopes;

use axum::{body::Body, http::StatusCode};
use serde_json::json;
use sqlx::PgPool;

use self::rules::Rule;
use crate::{
    every_route::{self, Route},
    harness::{Answer, BUILDER_KEY, Client, Installation},
};

/// The app of the matrix; nothing here changes it.
const APP: &str = "blog";

/// Calls the route with a body that each refuses once it lets somebody in, so that the matrix changes nothing.
async fn call(client: &Client, route: &Route, app: &str) -> Answer {
    client.send(route.method.parse().unwrap(), &route.of_nothing(app), Body::from("[]")).await
}

/// Whether the answer is one of those that keep people out.
fn is_shut(answer: &Answer) -> bool {
    let hidden = answer.body == "\"No App matches the given query.\"";
    matches!(answer.status.as_u16(), 401 | 403) || hidden
}

#[track_caller]
fn check(who: &str, route: &Route, wanted: u16, answer: &Answer) {
    let (method, pattern) = (&route.method, &route.pattern);
    if wanted == 0 {
        assert!(!is_shut(answer), "{who} is kept out of {method} {pattern}: {answer}");
    } else {
        assert!(is_shut(answer) && answer.status == wanted, "{who} at {method} {pattern}: {answer}");
    }
}

/// Who may do it is told by its own test; the matrices need the app.
fn destroys(route: &Route) -> bool {
    (route.method.as_str(), route.pattern.as_str()) == ("DELETE", "/v2/apps/{id}")
}

/// What somebody who was let in once has kept of it: two revoked tokens, and one that has expired.
async fn good_no_more(installation: &Installation, owner: &Client) -> Vec<(&'static str, Client)> {
    let mut login = installation.anybody();
    login.login(&owner.name).await;
    let mut programs = Vec::new();
    for name in ["revoked", "expired"] {
        let made = owner.post("/v2/auth/api-tokens", json!({"name": name, "scopes": ["global"]})).await;
        programs.push(owner.with_token(made.expect(StatusCode::CREATED).json()["token"].as_str().unwrap()));
    }
    for client in programs.iter().chain([&login]) {
        client.get("/v2/apps/blog").await.expect(StatusCode::OK);
    }
    owner.post("/v2/auth/tokens/", json!({})).await.expect(StatusCode::OK);
    let mut owner = installation.anybody();
    owner.login(&login.name).await;
    owner.delete("/v2/auth/api-tokens/revoked").await.expect(StatusCode::NO_CONTENT);
    sqlx::query("update tokens set expires_at = now() - interval '1 second' where name = 'expired'")
        .execute(&installation.pool)
        .await
        .unwrap();
    let expired = programs.pop().unwrap();
    let revoked = programs.pop().unwrap();
    vec![("a revoked login", login), ("a revoked token", revoked), ("an expired token", expired)]
}

#[sqlx::test(migrations = "../migrations")]
async fn the_access_matrix(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let owner = installation.user(&admin, "owner").await;
    let stranger = installation.user(&admin, "stranger").await;
    let former = installation.user(&admin, "former").await;
    let collaborator = installation.user(&admin, "collaborator").await;
    owner.post("/v2/apps", json!({"id": APP})).await;
    for name in ["former", "collaborator"] {
        owner.post("/v2/apps/blog/perms", json!({"username": name})).await;
    }
    owner.delete("/v2/apps/blog/perms/former").await;
    let mut nobody = good_no_more(&installation, &owner).await;
    nobody.push(("nobody", installation.anybody()));
    nobody.push(("somebody who guesses", installation.anybody().with_token("guess")));
    let mut owner = installation.anybody();
    owner.login("owner").await;

    for route in every_route::all(&admin).await {
        let rule = Rule::of(&route);
        for (who, client) in &nobody {
            check(who, &route, rule.nobody, &call(client, &route, APP).await);
        }
        check("a stranger", &route, rule.stranger, &call(&stranger, &route, APP).await);
        check("a former collaborator", &route, rule.former, &call(&former, &route, APP).await);
        check("a collaborator", &route, rule.collaborator, &call(&collaborator, &route, APP).await);
        if !destroys(&route) {
            check("the owner", &route, rule.owner, &call(&owner, &route, APP).await);
            check("an administrator", &route, rule.admin, &call(&admin, &route, APP).await);
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn every_route_has_its_rule_and_every_rule_its_route(pool: PgPool) {
    let routes = every_route::all(&Installation::fresh(pool).await.anybody()).await;
    for route in &routes {
        Rule::of(route);
    }
    assert_eq!(routes.len(), Rule::count(), "a rule is for no route");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stranger_hears_of_an_app_what_is_heard_of_none(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let stranger = installation.user(&admin, "stranger").await;
    admin.post("/v2/apps", json!({"id": APP})).await;
    let mut routes = every_route::all(&admin).await;
    routes.retain(|route| Rule::of(route).stranger == 404);
    assert!(routes.len() > 40);
    for route in routes {
        let there = call(&stranger, &route, APP).await;
        let nowhere = call(&stranger, &route, "none").await;
        assert_eq!((there.status, &there.body), (nowhere.status, &nowhere.body), "{route:?}");
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&there), names(&nowhere));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn builders_are_known_by_their_key_and_by_nothing_else(pool: PgPool) {
    let settings = controller::state::Settings {
        builder_key_sha256: Some(controller::auth::token::sha256(BUILDER_KEY)),
        ..controller::state::Settings::default()
    };
    let (installation, admin) = Installation::with_settings(pool, settings).await.administered().await;
    admin.post("/v2/apps", json!({"id": APP})).await.expect(StatusCode::CREATED);
    let mut routes = every_route::all(&admin).await;
    routes.retain(|route| route.access == "builder");
    assert_eq!(routes.len(), 5);
    for route in routes {
        let guess = installation.anybody().with_header("X-Deis-Builder-Auth", "guess");
        for (who, client) in
            [("nobody", &installation.anybody()), ("who guesses", &guess), ("an administrator", &admin)]
        {
            check(who, &route, 403, &call(client, &route, APP).await);
        }
        let builder = installation.anybody().with_header("X-Deis-Builder-Auth", BUILDER_KEY);
        check("a builder", &route, 0, &call(&builder, &route, APP).await);
    }
}
