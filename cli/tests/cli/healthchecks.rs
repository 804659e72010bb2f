//! `healthchecks:*`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::{World, config};

const CONFIG: &str = "/v2/apps/blog/config";

fn http_probe() -> Value {
    json!({
        "initialDelaySeconds": 50, "timeoutSeconds": 50, "periodSeconds": 10, "successThreshold": 1,
        "failureThreshold": 3, "httpGet": {"port": 80, "path": "/healthz", "httpHeaders": [{"name": "X", "value": "Y"}]},
    })
}

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    let checks = json!({"web/cmd": {"livenessProbe": http_probe()}});
    world.answers("GET", CONFIG, 200, config(&json!({"healthcheck": checks}))).await;
    assert_snapshot!(world.run("healthchecks -a blog"), @r#"
    exit: 0
    ----- stdout -----
    === blog Healthchecks

    web/cmd:
    --- Liveness
    Initial Delay (seconds): 50
    Timeout (seconds): 50
    Period (seconds): 10
    Success Threshold: 1
    Failure Threshold: 3
    Exec Probe: N/A
    HTTP GET Probe: Path="/healthz" Port=80 HTTPHeaders=[X=Y]
    TCP Socket Probe: N/A

    --- Readiness
    No readiness probe configured.
    ----- stderr -----
    "#);
    assert_snapshot!(world.run("healthchecks:list -a blog --type worker"), @r"
    exit: 0
    ----- stdout -----
    === blog Healthchecks

    worker:
    --- Liveness
    No liveness probe configured.

    --- Readiness
    No readiness probe configured.
    ----- stderr -----
    ");
    assert_snapshot!(world.run("healthchecks:list -a blog --type worker --json"), @r"
    exit: 0
    ----- stdout -----
    {}
    ----- stderr -----
    ");
}

#[tokio::test]
async fn list_none() {
    let world = World::logged_in().await;
    world.answers("GET", CONFIG, 200, config(&json!({}))).await;
    assert_snapshot!(world.run("healthchecks -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Healthchecks
    No health checks configured.
    ----- stderr -----
    ");
}

#[tokio::test]
async fn set_http() {
    let world = World::logged_in().await;
    let checks = json!({"web/cmd": {"livenessProbe": http_probe()}});
    world.answers("POST", CONFIG, 201, config(&json!({"healthcheck": checks}))).await;
    let line = "healthchecks:set liveness httpGet 80 --path /healthz --headers X:Y -a blog";
    assert_snapshot!(world.run(line), @r#"
    exit: 0
    ----- stdout -----
    Applying livenessProbe healthcheck... done

    === blog Healthchecks

    web/cmd:
    --- Liveness
    Initial Delay (seconds): 50
    Timeout (seconds): 50
    Period (seconds): 10
    Success Threshold: 1
    Failure Threshold: 3
    Exec Probe: N/A
    HTTP GET Probe: Path="/healthz" Port=80 HTTPHeaders=[X=Y]
    TCP Socket Probe: N/A

    --- Readiness
    No readiness probe configured.
    ----- stderr -----
    "#);
    let sent = json!({"healthcheck": {"web/cmd": {"livenessProbe": http_probe()}}});
    assert_eq!(world.body("POST", CONFIG).await, sent);
}

#[tokio::test]
async fn set_tcp_and_exec() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 201, config(&json!({}))).await;
    let probe = |body: &Value, process_type: &str| body["healthcheck"][process_type]["readinessProbe"].clone();
    world.run("healthchecks:set readiness tcpSocket 5000 --initial-delay-timeout=1 -a blog");
    let sent = probe(&world.body("POST", CONFIG).await, "web/cmd");
    assert_eq!((&sent["tcpSocket"], &sent["initialDelaySeconds"]), (&json!({"port": 5000}), &json!(1)));
    world.run("healthchecks:set readiness exec --type worker -a blog -- /bin/alive --fast");
    let sent = probe(&world.body("POST", CONFIG).await, "worker");
    assert_eq!(sent["exec"], json!({"command": ["/bin/alive", "--fast"]}));
}

#[tokio::test]
async fn set_what_cannot_be() {
    let world = World::logged_in().await;
    assert_snapshot!(world.run("healthchecks:set health httpGet 80 -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: probe type health is invalid. Must be one of [liveness readiness]
    ");
    assert_snapshot!(world.run("healthchecks:set liveness ping 80 -a blog"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Invalid probe type. Must be one of: "httpGet", "exec"
      "tcpSocket" is the third.
    "#);
    assert_snapshot!(world.run("healthchecks:set liveness httpGet eighty -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: could not parse port: eighty: invalid digit found in string
    ");
    assert_snapshot!(world.run("healthchecks:set liveness httpGet 80 --headers X -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: could not parse headers: could not find separator in header (X)
    ");
    assert_eq!(world.heard().await.len(), 0);
}

#[tokio::test]
async fn unset() {
    let world = World::logged_in().await;
    world.answers("POST", CONFIG, 201, config(&json!({}))).await;
    assert_snapshot!(world.run("healthchecks:unset liveness readiness -a blog"), @r"
    exit: 0
    ----- stdout -----
    Removing healthchecks... done

    === blog Healthchecks

    web/cmd:
    --- Liveness
    No liveness probe configured.

    --- Readiness
    No readiness probe configured.
    ----- stderr -----
    ");
    let sent = json!({"healthcheck": {"web/cmd": {"livenessProbe": null, "readinessProbe": null}}});
    assert_eq!(world.body("POST", CONFIG).await, sent);
}
