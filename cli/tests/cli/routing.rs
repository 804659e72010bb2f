//! `routing:list`, `routing:set`, `routing:unset`: how the router treats an application. The switches are in `switches`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::{World, settings};

const SETTINGS: &str = "/v2/apps/blog/settings";

fn treated(router: &Value) -> Value {
    let mut settings = settings(&json!({}));
    settings["router"] = router.clone();
    settings
}

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    let router = json!({"tcpTimeout": "1h", "connectTimeout": "500ms"});
    world.answers("GET", SETTINGS, 200, treated(&router)).await;
    assert_snapshot!(world.run("routing:list -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Routing
    connectTimeout:      500ms
    tcpTimeout:          1h
    ----- stderr -----
    ");
    assert_snapshot!(world.run("routing:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "connectTimeout": "500ms",
      "tcpTimeout": "1h"
    }
    ----- stderr -----
    "#);
}

/// A controller that treats it as all others says nothing of it; so does one that does not know how.
#[tokio::test]
async fn as_all_others() {
    let world = World::logged_in().await;
    world.answers("GET", SETTINGS, 200, settings(&json!({}))).await;
    assert_snapshot!(world.run("routing:list -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Routing
    As for all applications.
    ----- stderr -----
    ");
}

#[tokio::test]
async fn set_and_unset() {
    let world = World::logged_in().await;
    world.answers("POST", SETTINGS, 201, treated(&json!({"tcpTimeout": "1h"}))).await;
    assert_snapshot!(world.run("routing:set tcpTimeout=1h -a blog"), @r"
    exit: 0
    ----- stdout -----
    Applying routing on blog... done

    === blog Routing
    tcpTimeout:      1h
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", SETTINGS).await, json!({"router": {"tcpTimeout": "1h"}}));
    assert_snapshot!(world.run("routing:unset connectTimeout -a blog"), @r"
    exit: 0
    ----- stdout -----
    Applying routing on blog... done

    === blog Routing
    tcpTimeout:      1h
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", SETTINGS).await, json!({"router": {"connectTimeout": null}}));
    assert_snapshot!(world.run("routing:set tcpTimeout -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: tcpTimeout is invalid, Must be in format name=value
    Examples: tcpTimeout=1h connectTimeout=500ms
    ");
}
