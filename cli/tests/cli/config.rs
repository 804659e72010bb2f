//! `config:list`, `config:set`, `config:unset`.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, config};

const CONFIG: &str = "/v2/apps/blog/config";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    let values = json!({"POWERED_BY": "Docker Images + Kubernetes", "A": "1"});
    world.answers("GET", CONFIG, 200, config(&json!({"values": values}))).await;
    assert_snapshot!(world.run("config -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Config
    A               1
    POWERED_BY      Docker Images + Kubernetes
    ----- stderr -----
    ");
    assert_snapshot!(world.run("config:list -a blog --oneline"), @r"
    exit: 0
    ----- stdout -----
    A=1 POWERED_BY=Docker Images + Kubernetes
    ----- stderr -----
    ");
    assert_snapshot!(world.run("config:list -a blog --diff"), @r"
    exit: 0
    ----- stdout -----
    A=1
    POWERED_BY=Docker Images + Kubernetes
    ----- stderr -----
    ");
    assert_snapshot!(world.run("config:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "A": "1",
      "POWERED_BY": "Docker Images + Kubernetes"
    }
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn list_nothing() {
    let world = World::logged_in().await;
    world.answers("GET", CONFIG, 200, config(&json!({}))).await;
    assert_snapshot!(world.run("config:list -a blog --oneline"), @r"
    exit: 0
    ----- stdout -----
    ----- stderr -----
    ");
}

#[tokio::test]
async fn set() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 201, config(&json!({"values": {"POWERED_BY": "Slipway", "OLD": "x"}}))).await;
    assert_snapshot!(world.run("config:set POWERED_BY=Slipway #ignored -a blog"), @r"
    exit: 0
    ----- stdout -----
    Creating config... done

    === blog Config
    OLD             x
    POWERED_BY      Slipway
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"POWERED_BY": "Slipway"}}));
}

#[tokio::test]
async fn set_what_cannot_be_set() {
    let world = World::logged_in().await;
    assert_snapshot!(world.run("config:set A=1 nonsense -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: 'nonsense' does not match the pattern 'key=var', ex: MODE=test
    ");
    assert_eq!(world.heard().await.len(), 0);
    world.answers("POST", CONFIG, 400, json!({"values": ["PORT can only be a numeric value"]})).await;
    assert_snapshot!(world.run("config:set PORT=x -a blog"), @r"
    exit: 1
    ----- stdout -----
    Creating config... ⏎
    ----- stderr -----
    Error: PORT can only be a numeric value
    ");
}

#[tokio::test]
async fn set_what_is_set_already() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 409, json!({"detail": "admin changed nothing - release stopped"})).await;
    assert_snapshot!(world.run("config:set A=1 -a blog"), @r"
    exit: 1
    ----- stdout -----
    Creating config... ⏎
    ----- stderr -----
    Error: admin changed nothing - release stopped
      Everything is already as you asked for, so there is nothing to release.
    ");
}

#[tokio::test]
async fn set_old_health_checks() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 201, config(&json!({}))).await;
    assert_snapshot!(world.run("config:set HEALTHCHECK_URL=/ -a blog"), @r"
    exit: 0
    ----- stdout -----
    Creating config... done

    === blog Config
    ----- stderr -----
    Hey there! We've noticed that you're using 'config:set HEALTHCHECK_...' to set up health checks.
    This form still works, but it is deprecated.
    Please use 'mycli healthchecks' instead.
    ");
}

#[tokio::test]
async fn set_an_ssh_key_from_its_file() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 201, config(&json!({}))).await;
    fs::write(world.home.path().join("id"), "-----BEGIN OPENSSH PRIVATE KEY-----\n").unwrap();
    world.run("config:set SSH_KEY=id -a blog");
    let base64 = "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0K";
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"SSH_KEY": base64}}));
    assert_snapshot!(world.run("config:set SSH_KEY=nothing -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Could not parse SSH private key:
     it is neither a key, nor its base64, nor the path of a file with one
    ");
}

#[tokio::test]
async fn unset() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 201, config(&json!({"values": {"A": "1"}}))).await;
    assert_snapshot!(world.run("config:unset B C -a blog"), @r"
    exit: 0
    ----- stdout -----
    Removing config... done

    === blog Config
    A      1
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", CONFIG).await, json!({"values": {"B": null, "C": null}}));
    world.server.reset().await;
    world.answers("POST", CONFIG, 422, json!({"detail": "B does not exist under values"})).await;
    assert_snapshot!(world.run("config:unset B -a blog"), @r"
    exit: 1
    ----- stdout -----
    Removing config... ⏎
    ----- stderr -----
    Error: Unable to process your request: B does not exist under values
    ");
}
