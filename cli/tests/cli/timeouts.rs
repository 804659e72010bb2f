//! `timeouts:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, config};

const CONFIG: &str = "/v2/apps/blog/config";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", CONFIG, 200, config(&json!({}))).await;
    assert_snapshot!(world.run("timeouts -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Timeouts (sec)
    default (30 sec) or controlled by env KUBERNETES_POD_TERMINATION_GRACE_PERIOD_SECONDS
    ----- stderr -----
    ");
    assert_snapshot!(world.run("timeouts:list -a blog --json"), @r"
    exit: 0
    ----- stdout -----
    {}
    ----- stderr -----
    ");
}

#[tokio::test]
async fn set_and_unset() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 201, config(&json!({"termination_grace_period": {"worker": "300"}}))).await;
    assert_snapshot!(world.run("timeouts:set worker=300 -a blog"), @r"
    exit: 0
    ----- stdout -----
    Applying timeouts... done

    === blog Timeouts (sec)
    worker     300
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", CONFIG).await, json!({"termination_grace_period": {"worker": "300"}}));
    world.run("timeouts:unset worker -a blog");
    assert_eq!(world.body("POST", CONFIG).await, json!({"termination_grace_period": {"worker": null}}));
    assert_snapshot!(world.run("timeouts:set worker=long -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: worker=long doesn't fit format type=#
    Examples: web=30 worker=300
    ");
}
