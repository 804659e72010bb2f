//! `tags:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, config};

const CONFIG: &str = "/v2/apps/blog/config";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", CONFIG, 200, config(&json!({"tags": {"environment": "production", "rack": "1"}}))).await;
    assert_snapshot!(world.run("tags -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Tags
    environment     production
    rack            1
    ----- stderr -----
    ");
    assert_snapshot!(world.run("tags:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "environment": "production",
      "rack": "1"
    }
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn set_and_unset() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 201, config(&json!({"tags": {"rack": "1"}}))).await;
    assert_snapshot!(world.run("tags:set rack=1 example.com/disk=ssd -a blog"), @r"
    exit: 0
    ----- stdout -----
    Applying tags... done

    === blog Tags
    rack     1
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", CONFIG).await, json!({"tags": {"rack": "1", "example.com/disk": "ssd"}}));
    assert!(world.run("tags:unset rack -a blog").contains("Applying tags... done\n\n=== blog Tags\n"));
    assert_eq!(world.body("POST", CONFIG).await, json!({"tags": {"rack": null}}));
    for bad in ["rack", "=1", "rack=", "rack=1=2"] {
        let said = world.run(&format!("tags:set {bad} -a blog"));
        let words =
            format!("Error: {bad} is invalid, Must be in format key=value\nExamples: rack=1 evironment=production\n");
        assert!(said.starts_with("exit: 1\n") && said.ends_with(&words), "{said}");
    }
}

#[tokio::test]
async fn no_machine_bears_them() {
    let world = World::logged_in().await;
    let detail = "No nodes matched the provided labels: disk=ssd, rack=1 - Addition of rack=1 is the cause";
    world.answers("POST", CONFIG, 400, json!({"detail": detail})).await;
    assert_snapshot!(world.run("tags:set rack=1 -a blog"), @r"
    exit: 1
    ----- stdout -----
    Applying tags... ⏎
    ----- stderr -----
    Error: No nodes matched the provided labels
      No machine bears disk=ssd, rack=1 - Addition of rack=1 is the cause. The operator labels one with --machine-label KEY=VALUE.
    ");
}
