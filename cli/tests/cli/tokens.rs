//! `tokens:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, new_token, page, token};

const TOKENS: &str = "/v2/auth/api-tokens";

#[tokio::test]
async fn create() {
    let world = World::logged_in().await;
    world.answers("POST", TOKENS, 201, new_token("ci")).await;
    assert_snapshot!(world.run("tokens:create ci"), @r"
    exit: 0
    ----- stdout -----
    === ci Token
    Token:    sw_api_0123
    Scopes:   read
    Apps:     all
    Expires:  2024-05-01T10:00:00Z
    ----- stderr -----
    The token is shown this one time only. Keep it where the program finds it, and nobody else.
    ");
    assert_eq!(world.body("POST", TOKENS).await, json!({"name": "ci", "scopes": ["read"]}));
    assert_snapshot!(world.run("tokens:create ci --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "token": "sw_api_0123",
      "uuid": "0190b3f4-0000-7000-8000-000000000001",
      "name": "ci",
      "scopes": [
        "read"
      ],
      "apps": null,
      "created": "2024-05-01T10:00:00Z",
      "expires": "2024-05-01T10:00:00Z",
      "expired": false
    }
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn create_for_some_apps_and_some_time() {
    let world = World::logged_in().await;
    world.answers("POST", TOKENS, 201, new_token("ci")).await;
    world.run("tokens:create ci -s write -s identity --app blog --app shop --expires 90d");
    let wanted =
        json!({"name": "ci", "scopes": ["write", "identity"], "apps": ["blog", "shop"], "expires_in": 7_776_000});
    assert_eq!(world.body("POST", TOKENS).await, wanted);
    assert_snapshot!(world.run("tokens:create ci --expires tomorrow"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'tomorrow' for '--expires <TIME>': "tomorrow" is not in the form '90d': a number, then m, h, d or w

    For more information, try '--help'.
    "#);
}

#[tokio::test]
async fn a_scope_that_is_none() {
    let world = World::logged_in().await;
    world.answers("POST", TOKENS, 400, json!({"scopes": ["\"all\" is not a scope. There are global, read."]})).await;
    assert_snapshot!(world.run("tokens:create ci --scope all"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: "all" is not a scope. There are global, read.
    "#);
}

/// A user with one of each kind.
async fn with_tokens() -> World {
    let world = World::logged_in().await;
    let mut old = token("old");
    (old["expired"], old["apps"]) = (true.into(), json!(["blog", "shop"]));
    let mut lasting = token("lasting");
    (lasting["expires"], lasting["apps"]) = (json!(null), json!([]));
    world.answers("GET", TOKENS, 200, page(&[token("ci"), lasting, old])).await;
    world
}

#[tokio::test]
async fn list() {
    let world = with_tokens().await;
    assert_snapshot!(world.run("tokens"), @r"
    exit: 0
    ----- stdout -----
    === admin Tokens
    --- ci
    Scopes:   read
    Apps:     all
    Expires:  2024-05-01T10:00:00Z
    --- lasting
    Scopes:   read
    Apps:     none, they are gone
    Expires:  never
    --- old
    Scopes:   read
    Apps:     blog, shop
    Expires:  2024-05-01T10:00:00Z (expired)
    ----- stderr -----
    ");
}

#[tokio::test]
async fn list_for_programs() {
    let world = with_tokens().await;
    assert_snapshot!(world.run("tokens:list --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "name": "ci",
        "scopes": [
          "read"
        ],
        "apps": null,
        "created": "2024-05-01T10:00:00Z",
        "expires": "2024-05-01T10:00:00Z",
        "expired": false
      },
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "name": "lasting",
        "scopes": [
          "read"
        ],
        "apps": [],
        "created": "2024-05-01T10:00:00Z",
        "expires": null,
        "expired": false
      },
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "name": "old",
        "scopes": [
          "read"
        ],
        "apps": [
          "blog",
          "shop"
        ],
        "created": "2024-05-01T10:00:00Z",
        "expires": "2024-05-01T10:00:00Z",
        "expired": true
      }
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn revoke() {
    let world = World::logged_in().await;
    world.answers("DELETE", &format!("{TOKENS}/ci"), 204, json!(null)).await;
    assert_snapshot!(world.run("tokens:revoke ci"), @r"
    exit: 0
    ----- stdout -----
    Revoking ci token... done
    ----- stderr -----
    ");
}
