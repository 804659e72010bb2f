//! `labels:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, settings};

const SETTINGS: &str = "/v2/apps/blog/settings";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", SETTINGS, 200, settings(&json!({"team": "front", "git_repo": "x", "tier": 1}))).await;
    assert_snapshot!(world.run("labels -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Label
    git_repo:      x
    team:          front
    tier:          1
    ----- stderr -----
    ");
    assert_snapshot!(world.run("labels:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "git_repo": "x",
      "team": "front",
      "tier": 1
    }
    ----- stderr -----
    "#);
    world.server.reset().await;
    world.answers("GET", SETTINGS, 200, settings(&json!({}))).await;
    assert_snapshot!(world.run("labels -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Label
    No labels found.
    ----- stderr -----
    ");
}

#[tokio::test]
async fn set_and_unset() {
    let world = World::logged_in().await;
    world.answers("POST", SETTINGS, 201, settings(&json!({}))).await;
    assert_snapshot!(world.run("labels:set team=front -a blog"), @r"
    exit: 0
    ----- stdout -----
    Applying labels on blog... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", SETTINGS).await, json!({"label": {"team": "front"}}));
    assert_snapshot!(world.run("labels:unset team -a blog"), @r"
    exit: 0
    ----- stdout -----
    Removing labels on blog... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", SETTINGS).await, json!({"label": {"team": null}}));
    assert_snapshot!(world.run("labels:set team -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: team is invalid, Must be in format key=value
    Examples: git_repo=https://github.com/deis/workflow team=frontend
    ");
}
