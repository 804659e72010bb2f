//! `maintenance:*`, `routing:*`, `tls:*`: what is on or off.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::{World, settings, tls};

const SETTINGS: &str = "/v2/apps/blog/settings";
const TLS: &str = "/v2/apps/blog/tls";

/// Settings in which `field` is `on`.
fn with(field: &str, on: bool) -> Value {
    let mut settings = settings(&json!({}));
    settings[field] = json!(on);
    settings
}

/// What a command prints when the controller answers `body` to a GET at `at`.
async fn shown(command: &str, at: &str, body: Value) -> String {
    let world = World::logged_in().await;
    world.answers("GET", at, 200, body).await;
    world.run(&format!("{command} -a blog"))
}

/// What a command prints, and what it sends to `at`.
async fn sent(command: &str, at: &str, answer: Value) -> String {
    let world = World::logged_in().await;
    world.answers("POST", at, 201, answer).await;
    let shown = world.run(&format!("{command} -a blog"));
    format!("{shown}{}", world.body("POST", at).await)
}

#[tokio::test]
async fn maintenance() {
    assert_snapshot!(shown("maintenance", SETTINGS, with("maintenance", true)).await, @r"
    exit: 0
    ----- stdout -----
    Maintenance mode is on.
    ----- stderr -----
    ");
    assert_snapshot!(shown("maintenance:info", SETTINGS, with("maintenance", false)).await, @r"
    exit: 0
    ----- stdout -----
    Maintenance mode is off.
    ----- stderr -----
    ");
    assert_snapshot!(shown("maintenance:info --json", SETTINGS, with("maintenance", true)).await, @r#"
    exit: 0
    ----- stdout -----
    {
      "maintenance": true
    }
    ----- stderr -----
    "#);
    assert_snapshot!(sent("maintenance:on", SETTINGS, with("maintenance", true)).await, @r#"
    exit: 0
    ----- stdout -----
    Enabling maintenance mode for blog... done
    ----- stderr -----
    {"maintenance":true}
    "#);
    assert_snapshot!(sent("maintenance:off", SETTINGS, with("maintenance", false)).await, @r#"
    exit: 0
    ----- stdout -----
    Disabling maintenance mode for blog... done
    ----- stderr -----
    {"maintenance":false}
    "#);
}

#[tokio::test]
async fn routing() {
    assert_snapshot!(shown("routing", SETTINGS, with("routable", true)).await, @r"
    exit: 0
    ----- stdout -----
    Routing is enabled.
    ----- stderr -----
    ");
    assert_snapshot!(shown("routing:info", SETTINGS, with("routable", false)).await, @r"
    exit: 0
    ----- stdout -----
    Routing is disabled.
    ----- stderr -----
    ");
    assert_snapshot!(shown("routing:info --json", SETTINGS, with("routable", false)).await, @r#"
    exit: 0
    ----- stdout -----
    {
      "routable": false
    }
    ----- stderr -----
    "#);
    assert_snapshot!(sent("routing:enable", SETTINGS, with("routable", true)).await, @r#"
    exit: 0
    ----- stdout -----
    Enabling routing for blog... done
    ----- stderr -----
    {"routable":true}
    "#);
    assert_snapshot!(sent("routing:disable", SETTINGS, with("routable", false)).await, @r#"
    exit: 0
    ----- stdout -----
    Disabling routing for blog... done
    ----- stderr -----
    {"routable":false}
    "#);
}

#[tokio::test]
async fn https_only() {
    assert_snapshot!(shown("tls", TLS, tls(&json!(null))).await, @r"
    exit: 0
    ----- stdout -----
    === blog TLS
    HTTPS Enforced: not set
    ----- stderr -----
    ");
    assert!(shown("tls:info", TLS, tls(&json!(true))).await.contains("\nHTTPS Enforced: true\n"));
    assert!(shown("tls:info", TLS, tls(&json!(false))).await.contains("\nHTTPS Enforced: false\n"));
    assert!(shown("tls:info --json", TLS, tls(&json!(true))).await.contains("\n  \"https_enforced\": true,\n"));
    assert_snapshot!(sent("tls:enable", TLS, tls(&json!(true))).await, @r#"
    exit: 0
    ----- stdout -----
    Enabling https-only requests for blog... done
    ----- stderr -----
    {"https_enforced":true}
    "#);
    assert_snapshot!(sent("tls:disable", TLS, tls(&json!(false))).await, @r#"
    exit: 0
    ----- stdout -----
    Disabling https-only requests for blog... done
    ----- stderr -----
    {"https_enforced":false}
    "#);
}

#[tokio::test]
async fn what_is_so_already() {
    let world = World::logged_in().await;
    world.answers("POST", SETTINGS, 409, json!({"detail": "admin changed nothing"})).await;
    assert_snapshot!(world.run("maintenance:on -a blog"), @r"
    exit: 1
    ----- stdout -----
    Enabling maintenance mode for blog... ⏎
    ----- stderr -----
    Error: admin changed nothing
      Everything is already as you asked for.
    ");
}
