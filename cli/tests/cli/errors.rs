//! Every command against every kind of refusal: one clear line, exit code 1, and nothing that a terminal obeys.

use std::{fs::File, process::Stdio};

use insta::assert_snapshot;
use serde_json::json;
use wiremock::{Mock, ResponseTemplate, matchers::any};

use crate::{
    commands::{ROWS, furnished},
    harness::{World, app, page},
};

/// Runs every command where the controller refuses everything like that; answers what was said, without repetitions.
async fn refuse_all(status: u16, body: &str) -> String {
    let world = furnished().await;
    let refusal = ResponseTemplate::new(status).set_body_string(body);
    Mock::given(any()).respond_with(refusal).mount(&world.server).await;
    let mut said = Vec::new();
    // Where a controller of Deis's answers 404, `git:remote` goes on without it.
    for row in ROWS.iter().filter(|row| row.asks && row.name != "git:remote") {
        let (line, shown) = (row.name, world.shown(&row.run(&world)));
        assert!(shown.starts_with("exit: 1\n"), "{line}: {shown}");
        assert!(!shown.contains('\x1b') && !shown.contains("panicked"), "{line}: {shown}");
        let (_, error) = shown.split_once("Error: ").unwrap_or_else(|| panic!("{line}: {shown}"));
        if !said.contains(&error.to_owned()) {
            said.push(error.to_owned());
        }
    }
    said.concat()
}

#[tokio::test]
async fn unauthorized() {
    assert_snapshot!(refuse_all(401, r#"{"detail":"Invalid token."}"#).await, @r"
    Unauthorized: Missing or Invalid Token
      Log in again: mycli login <controller>
    ");
}

#[tokio::test]
async fn forbidden() {
    let body = r#"{"detail":"You do not have permission to perform this action."}"#;
    assert_snapshot!(refuse_all(403, body).await, @r"
    You do not have permission to perform this action.
      Ask the owner of the app, or an administrator, to do it or to give you the right.
    http://controller does not appear to be a valid Deis controller.
    Make sure that the Controller URI is correct, the server is running and
    your mycli version is correct.
      Something answers there, but not as a controller does.
    ");
}

#[tokio::test]
async fn missing() {
    assert_snapshot!(refuse_all(404, r#""No App matches the given query.""#).await, @r#"
    "No App matches the given query."
      `mycli apps` lists the apps you can use; choose one with --app.
    http://controller does not appear to be a valid Deis controller.
    Make sure that the Controller URI is correct, the server is running and
    your mycli version is correct.
      Something answers there, but not as a controller does.
    "#);
}

#[tokio::test]
async fn too_many() {
    let body = r#"{"detail":"20 operations are waiting for this app already."}"#;
    assert_snapshot!(refuse_all(429, body).await, @r"
    20 operations are waiting for this app already.
      Wait a little and try again.
    http://controller does not appear to be a valid Deis controller.
    Make sure that the Controller URI is correct, the server is running and
    your mycli version is correct.
      Something answers there, but not as a controller does.
    ");
}

#[tokio::test]
async fn broken() {
    assert_snapshot!(refuse_all(500, r#"{"detail":"Server Error"}"#).await, @r"
    Internal Server Error
      The fault is the controller's; its operator finds the reason in its log.
    http://controller does not appear to be a valid Deis controller.
    Make sure that the Controller URI is correct, the server is running and
    your mycli version is correct.
      the controller answered 500 Internal Server Error: Server Error
    ");
}

#[tokio::test]
async fn unavailable() {
    let body = r#"{"detail":"Service temporarily unavailable, try again later."}"#;
    assert_snapshot!(refuse_all(503, body).await, @r"
    Service temporarily unavailable, try again later.
      The platform cannot do it at the moment; try again later.
    http://controller does not appear to be a valid Deis controller.
    Make sure that the Controller URI is correct, the server is running and
    your mycli version is correct.
      the controller answered 503 Service Unavailable: Service temporarily unavailable, try again later.
    ");
}

#[tokio::test]
async fn hostile() {
    assert_snapshot!(refuse_all(418, "{\"detail\":\"\\u001b[2J\\u001b]0;x\\u0007ha\\u202eha\"}").await, @r"
    \x1b[2J\x1b]0;x\x07ha\u{202e}ha
    http://controller does not appear to be a valid Deis controller.
    Make sure that the Controller URI is correct, the server is running and
    your mycli version is correct.
      Something answers there, but not as a controller does.
    ");
}

#[tokio::test]
async fn a_server_error_names_the_request() {
    let world = World::logged_in().await;
    world.replies("GET", "/v2/apps", ResponseTemplate::new(500).append_header("x-request-id", "0190b3f4")).await;
    assert_snapshot!(world.run("apps"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Internal Server Error
      The fault is the controller's; its operator finds it in the log under request 0190b3f4.
    ");
}

#[tokio::test]
async fn a_full_disk_is_an_error() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/apps", 200, page(&[app("blog")])).await;
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = world.command().arg("apps").stdout(full).output().unwrap();
    assert_snapshot!(world.shown(&output), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: No space left on device (os error 28)
    ");
}

#[tokio::test]
async fn a_closed_pipe_is_none() {
    let world = World::logged_in().await;
    // More than a pipe holds: nobody else can take it all.
    let apps: Vec<_> = (0..2000).map(|number| app(&format!("{}{number}", "a".repeat(50)))).collect();
    world.answers("GET", "/v2/apps", 200, page(&apps)).await;
    let mut command = world.command();
    let mut child = command.arg("apps").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_snapshot!(world.shown(&output), @r"
    exit: 141
    ----- stdout -----
    ----- stderr -----
    ");
}

#[tokio::test]
async fn apps_that_cannot_be() {
    let world = World::logged_in().await;
    assert_snapshot!(world.run_words(&["ps", "-a", "No App"]), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: "No App" is not the name of an app: Enter a valid 'slug' consisting of letters, numbers, underscores or hyphens.
      Name one with --app; `mycli apps` lists yours.
    "#);
    assert_snapshot!(world.run_words(&["ps", "-a", ""]), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: "" is not the name of an app: Enter a valid 'slug' consisting of letters, numbers, underscores or hyphens.
      Name one with --app; `mycli apps` lists yours.
    "#);
    assert_snapshot!(world.run_words(&["ps", "-a", "../users"]), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: "../users" is not the name of an app: Enter a valid 'slug' consisting of letters, numbers, underscores or hyphens.
      Name one with --app; `mycli apps` lists yours.
    "#);
    assert_eq!(world.heard().await.len(), 0);
    world.answers("GET", "/v2/apps/nope/pods", 404, json!("No App matches the given query.")).await;
    assert_snapshot!(world.run("ps -a nope"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: "No App matches the given query."
      `mycli apps` lists the apps you can use; choose one with --app.
    "#);
}
