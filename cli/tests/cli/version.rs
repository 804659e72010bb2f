//! `version`, and what happens when versions differ.

use insta::assert_snapshot;
use serde_json::json;
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{method, path},
};

use crate::harness::{World, app, page, pod, settings};

#[tokio::test]
async fn versions() {
    let world = World::logged_in().await;
    world.replies("GET", "/healthz", ResponseTemplate::new(200).set_body_string("OK")).await;
    assert_snapshot!(world.run("version"), @r"
    exit: 0
    ----- stdout -----
    v0.1.0
    ----- stderr -----
    ");
    assert_eq!(world.run("version"), world.run("-v"));
    assert_eq!(world.run("version"), world.run("--version"));
    assert_snapshot!(world.run("version --all"), @r"
    exit: 0
    ----- stdout -----
    Workflow CLI Version:            v0.1.0
    Workflow CLI API Version:        2.3
    Workflow Controller API Version: 2.3
    ----- stderr -----
    ");
    assert_snapshot!(world.run("version --all --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "client": "v0.1.0",
      "client_api": "2.3",
      "controller_api": "2.3"
    }
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn another_version_is_told_once() {
    let world = World::logged_in().await;
    let old = |body| ResponseTemplate::new(200).append_header("DEIS_API_VERSION", "2.1").set_body_json(body);
    for (at, body) in [
        ("/v2/apps/blog", app("blog")),
        ("/v2/apps/blog/domains", page(&[])),
        ("/v2/apps/blog/settings", settings(&json!({}))),
        ("/v2/apps/blog/pods", json!({"count": 1, "results": [pod("cmd", "1vxqg")]})),
    ] {
        Mock::given(method("GET")).and(path(at)).respond_with(old(body)).mount(&world.server).await;
    }
    assert_snapshot!(world.run("info -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Application
    updated:  2024-05-01T10:00:00Z
    uuid:     0190b3f4-0000-7000-8000-000000000001
    created:  2024-05-01T10:00:00Z
    url:      No domain assigned to blog
    owner:    admin
    id:       blog

    === blog Processes
    --- cmd:
    blog-cmd-3f9a1c07-1vxqg up (v3)

    === blog Domains

    === blog Label
    No labels found.

    ----- stderr -----
    !    WARNING: Client and server API versions do not match. Please consider upgrading.
    !    Client version: 2.3
    !    Server version: 2.1
    ");
}
