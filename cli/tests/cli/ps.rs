//! `ps:*`.

use insta::assert_snapshot;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::harness::{World, app, pod};

const PODS: &str = "/v2/apps/blog/pods";

async fn with_pods(pods: &[Value]) -> World {
    let world = World::logged_in().await;
    world.answers("GET", PODS, 200, json!({"count": pods.len(), "results": pods})).await;
    world
}

#[tokio::test]
async fn list() {
    let world = with_pods(&[pod("worker", "aaaaa"), pod("cmd", "b7xhf"), pod("cmd", "1vxqg")]).await;
    assert_snapshot!(world.run("ps -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Processes
    --- cmd:
    blog-cmd-3f9a1c07-1vxqg up (v3)
    blog-cmd-3f9a1c07-b7xhf up (v3)
    --- worker:
    blog-worker-3f9a1c07-aaaaa up (v3)
    ----- stderr -----
    ");
    assert_snapshot!(world.run("ps:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "name": "blog-worker-3f9a1c07-aaaaa",
        "type": "worker",
        "state": "up",
        "release": "v3",
        "started": "2024-05-01T10:00:00Z"
      },
      {
        "name": "blog-cmd-3f9a1c07-b7xhf",
        "type": "cmd",
        "state": "up",
        "release": "v3",
        "started": "2024-05-01T10:00:00Z"
      },
      {
        "name": "blog-cmd-3f9a1c07-1vxqg",
        "type": "cmd",
        "state": "up",
        "release": "v3",
        "started": "2024-05-01T10:00:00Z"
      }
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn scale() {
    let world = with_pods(&[pod("cmd", "1vxqg"), pod("cmd", "b7xhf")]).await;
    world.replies("POST", "/v2/apps/blog/scale", ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run("scale cmd=2 -a blog"), @r"
    exit: 0
    ----- stdout -----
    Scaling processes... but first, coffee!
    done in <N>s
    === blog Processes
    --- cmd:
    blog-cmd-3f9a1c07-1vxqg up (v3)
    blog-cmd-3f9a1c07-b7xhf up (v3)
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/apps/blog/scale").await, json!({"cmd": 2}));
    let output = world.command().args(["scale", "cmd=2", "-a", "blog"]).env("DEIS_DRINK_OF_CHOICE", "tea").output();
    assert!(world.shown(&output.unwrap()).contains("Scaling processes... but first, tea!\n"));
}

#[tokio::test]
async fn scale_what_is_not_there() {
    let world = World::logged_in().await;
    assert_snapshot!(world.run("scale web -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: 'web' does not match the pattern 'type=num', ex: web=2
    ");
    let text = "Container type job does not exist in application";
    world.answers("POST", "/v2/apps/blog/scale", 404, json!({"detail": text})).await;
    assert_snapshot!(world.run("scale job=1 -a blog"), @r"
    exit: 1
    ----- stdout -----
    Scaling processes... but first, coffee!
    ----- stderr -----
    Error: Container type job does not exist in application
    ");
}

#[tokio::test]
async fn restart() {
    let world = with_pods(&[pod("worker-low", "1vxqg")]).await;
    for path in ["", "/web", "/worker-low", "/worker-low/blog-worker-low-3f9a1c07-1vxqg"] {
        world.answers("POST", &format!("{PODS}{path}/restart"), 200, json!([pod("web", "zzzzz")])).await;
    }
    assert_snapshot!(world.run("ps:restart -a blog"), @r"
    exit: 0
    ----- stdout -----
    Restarting processes... but first, coffee!
    done in <N>s
    === blog Processes
    --- web:
    blog-web-3f9a1c07-zzzzz up (v3)
    ----- stderr -----
    ");
    world.run("ps:restart web -a blog");
    world.run("ps:restart worker-low -a blog");
    world.run("ps:restart blog-worker-low-3f9a1c07-1vxqg -a blog");
    world.run("ps:restart worker-low-3f9a1c07-1vxqg -a blog");
    let heard = world.heard().await;
    let posts = heard.iter().filter(|one| one.method.as_str() == "POST").map(|one| one.url.path());
    assert_snapshot!(posts.collect::<Vec<_>>().join("\n"), @r"
    /v2/apps/blog/pods/restart
    /v2/apps/blog/pods/web/restart
    /v2/apps/blog/pods/worker-low/restart
    /v2/apps/blog/pods/worker-low/blog-worker-low-3f9a1c07-1vxqg/restart
    /v2/apps/blog/pods/worker-low/blog-worker-low-3f9a1c07-1vxqg/restart
    ");
}

#[tokio::test]
async fn restart_nothing() {
    let world = with_pods(&[]).await;
    world.answers("POST", "/v2/apps/blog/pods/restart", 200, json!([])).await;
    assert_snapshot!(world.run("ps:restart -a blog"), @r"
    exit: 0
    ----- stdout -----
    Restarting processes... but first, coffee!
    Could not find any processes to restart
    ----- stderr -----
    ");
    for process_type in ["cmd", "job"] {
        world.answers("POST", &format!("{PODS}/{process_type}/restart"), 200, json!([])).await;
    }
    world.answers("GET", "/v2/apps/blog", 200, app("blog")).await;
    assert_snapshot!(world.run("ps:restart cmd -a blog"), @r"
    exit: 0
    ----- stdout -----
    Restarting processes... but first, coffee!
    Could not find any processes to restart
    ----- stderr -----
    ");
    assert_snapshot!(world.run("ps:restart job -a blog"), @r"
    exit: 1
    ----- stdout -----
    Restarting processes... but first, coffee!
    ----- stderr -----
    Error: Could not find process type job in app blog
    ");
}
