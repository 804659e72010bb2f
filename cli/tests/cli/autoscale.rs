//! `autoscale:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, settings};

const SETTINGS: &str = "/v2/apps/blog/settings";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    let mut answer = settings(&json!({}));
    let rule = |max| json!({"min": 1, "max": max, "cpu_percent": 70});
    answer["autoscale"] = json!({"worker": rule(2), "web": rule(8)});
    world.answers("GET", SETTINGS, 200, answer).await;
    assert_snapshot!(world.run("autoscale -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Autoscale

    --- web:
    Min Replicas: 1
    Max Replicas: 8
    CPU: 70%
    --- worker:
    Min Replicas: 1
    Max Replicas: 2
    CPU: 70%
    ----- stderr -----
    ");
    assert_snapshot!(world.run("autoscale:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "web": {
        "min": 1,
        "max": 8,
        "cpu_percent": 70
      },
      "worker": {
        "min": 1,
        "max": 2,
        "cpu_percent": 70
      }
    }
    ----- stderr -----
    "#);
    world.server.reset().await;
    world.answers("GET", SETTINGS, 200, settings(&json!({}))).await;
    assert_snapshot!(world.run("autoscale -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Autoscale

    No autoscale rules found.
    ----- stderr -----
    ");
}

#[tokio::test]
async fn set_and_unset() {
    let world = World::logged_in().await;
    world.answers("POST", SETTINGS, 201, settings(&json!({}))).await;
    assert_snapshot!(world.run("autoscale:set web --min=1 --max=8 --cpu-percent=70 -a blog"), @r"
    exit: 0
    ----- stdout -----
    Applying autoscale settings for process type web on blog... done
    ----- stderr -----
    ");
    let rule = json!({"min": 1, "max": 8, "cpu_percent": 70});
    assert_eq!(world.body("POST", SETTINGS).await, json!({"autoscale": {"web": rule}}));
    assert_snapshot!(world.run("autoscale:unset web -a blog"), @r"
    exit: 0
    ----- stdout -----
    Removing autoscale for process type web on blog... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", SETTINGS).await, json!({"autoscale": {"web": null}}));
    assert_snapshot!(world.run("autoscale:set web --min=one --max=8 --cpu-percent=70 -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'one' for '--min <NUM>': invalid digit found in string

    For more information, try '--help'.
    ");
    assert_snapshot!(world.run("autoscale:set web --min=1 -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: the following required arguments were not provided:
      --max <NUM>
      --cpu-percent <PERCENT>

    Usage: mycli autoscale:set --min <NUM> --max <NUM> --cpu-percent <PERCENT> --app <APP> <TYPE>

    For more information, try '--help'.
    ");
}
