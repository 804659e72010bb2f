//! `limits:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, config};

const CONFIG: &str = "/v2/apps/blog/config";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", CONFIG, 200, config(&json!({"memory": {"web": "512M", "worker": "1G/2G"}}))).await;
    assert_snapshot!(world.run("limits -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Limits

    --- Memory
    web        512M
    worker     1G/2G

    --- CPU
    Unlimited
    ----- stderr -----
    ");
    assert_snapshot!(world.run("limits:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "memory": {
        "web": "512M",
        "worker": "1G/2G"
      },
      "cpu": {}
    }
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn set_and_unset() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 201, config(&json!({"cpu": {"web": "500m"}}))).await;
    assert_snapshot!(world.run("limits:set --cpu web=500m -a blog"), @r"
    exit: 0
    ----- stdout -----
    Applying limits... done

    === blog Limits

    --- Memory
    Unlimited

    --- CPU
    web     500m
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", CONFIG).await, json!({"cpu": {"web": "500m"}}));
    world.run("limits:set web=512M worker=1G -a blog");
    assert_eq!(world.body("POST", CONFIG).await, json!({"memory": {"web": "512M", "worker": "1G"}}));
    assert_snapshot!(world.run("limits:unset -m web -a blog"), @r"
    exit: 0
    ----- stdout -----
    Applying limits... done

    === blog Limits

    --- Memory
    Unlimited

    --- CPU
    web     500m
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", CONFIG).await, json!({"memory": {"web": null}}));
    assert_snapshot!(world.run("limits:set web=lots -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: web=lots doesn't fit format type=#unit or type=# or type=#/#
    Examples: web=2G worker=500M db=1G/2G
    ");
}
