//! The way to the controller: names, proxies, redirects, certificates, and none at all.

use std::net::TcpListener;

use insta::assert_snapshot;
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate};

use crate::harness::{World, app, page};

#[tokio::test]
async fn names_under_localhost_need_no_dns_and_no_proxy() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/apps", 200, page(&[app("blog")])).await;
    let port = world.server.address().port();
    world.write_settings(
        &json!({"username": "a", "controller": format!("http://slipway.localhost:{port}"), "token": "t"}),
    );
    let output = world.command().arg("apps").env("http_proxy", "http://127.0.0.1:1").output().unwrap();
    assert_snapshot!(world.shown(&output), @r"
    exit: 0
    ----- stdout -----
    === Apps
    blog
    ----- stderr -----
    ");
}

#[tokio::test]
async fn nobody_answers() {
    let world = World::logged_in().await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let controller = format!("http://127.0.0.1:{port}");
    world.write_settings(&json!({"username": "a", "controller": controller, "token": "t"}));
    let shown = |line: &str| world.run(line).replace(&controller, "http://nobody");
    assert_snapshot!(shown("apps"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: cannot reach the controller at http://nobody: Connection refused (os error 111)
      Check the address and that the controller runs. Nothing was changed.
    ");
    assert_snapshot!(shown("scale web=1 -a blog"), @r"
    exit: 1
    ----- stdout -----
    Scaling processes... but first, coffee!
    ----- stderr -----
    Error: cannot reach the controller at http://nobody: Connection refused (os error 111)
      Check the address and that the controller runs. Nothing was changed.
    ");
    assert_snapshot!(shown(&format!("login {controller}")), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: http://nobody does not appear to be a valid Deis controller.
    Make sure that the Controller URI is correct, the server is running and
    your mycli version is correct.
      cannot reach the controller at http://nobody: Connection refused (os error 111)
    ");
}

#[tokio::test]
async fn a_token_is_not_taken_to_another_host() {
    let world = World::logged_in().await;
    let other = MockServer::start().await;
    let target = format!("{}/v2/apps", other.uri());
    world.replies("GET", "/v2/apps", ResponseTemplate::new(302).append_header("location", target)).await;
    assert_snapshot!(world.run("apps").replace(&other.uri(), "http://other"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: the controller answered 302 Found
      The controller sends you to http://other/v2/apps. Your token is not sent there; log in at that address if you trust it.
    ");
    assert_eq!(other.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn certificates_that_are_not_verified_are_told_every_time() {
    let world = World::logged_in().await;
    let controller = world.server.uri().replace("http://", "https://");
    world.write_settings(&json!({"username": "a", "controller": controller, "token": "t", "ssl_verify": false}));
    let shown = |line| world.run(line).replace(&controller, "https://controller");
    assert_snapshot!(shown("apps"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    !    WARNING: the TLS certificate of 127.0.0.1 is not verified.
    Error: cannot reach the controller at https://controller: received corrupt message of type InvalidContentType
      Check the address and that the controller runs. Nothing was changed.
    ");
}

#[tokio::test]
async fn answers_that_no_controller_gives() {
    let world = World::logged_in().await;
    world.replies("GET", "/v2/apps", ResponseTemplate::new(200).set_body_string("<html>Welcome")).await;
    assert_snapshot!(world.run("apps"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: the controller's answer cannot be understood: expected value at line 1 column 1
    ");
    world.server.reset().await;
    world.replies("GET", "/v2/apps", ResponseTemplate::new(404).set_body_string("<html>Nothing")).await;
    assert_snapshot!(world.run("apps"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: the controller answered 404 Not Found
      Is this the address of a controller?
    ");
}

#[tokio::test]
async fn a_number_of_seconds_that_is_none() {
    let world = World::logged_in().await;
    let output = world.command().arg("apps").env("MYCLI_RETRY_SECONDS", "soon").output().unwrap();
    assert_snapshot!(world.shown(&output), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: MYCLI_RETRY_SECONDS is not a number of seconds: soon
    ");
}
