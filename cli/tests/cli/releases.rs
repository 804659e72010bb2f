//! `releases:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, page, release};

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    let releases = [release(2, "admin deployed example-go"), release(1, "admin created initial release")];
    world.answers("GET", "/v2/apps/blog/releases", 200, page(&releases)).await;
    assert_snapshot!(world.run("releases -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Releases
    v2	2024-05-01T10:00:00Z	admin deployed example-go
    v1	2024-05-01T10:00:00Z	admin created initial release
    ----- stderr -----
    ");
    assert_snapshot!(world.run("releases:list -a blog --json -l 1"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "app": "blog",
        "owner": "admin",
        "version": 2,
        "summary": "admin deployed example-go",
        "build": "0190b3f4-0000-7000-8000-000000000001",
        "config": "0190b3f4-0000-7000-8000-000000000001",
        "failed": false,
        "exception": null,
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z"
      },
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "app": "blog",
        "owner": "admin",
        "version": 1,
        "summary": "admin created initial release",
        "build": "0190b3f4-0000-7000-8000-000000000001",
        "config": "0190b3f4-0000-7000-8000-000000000001",
        "failed": false,
        "exception": null,
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z"
      }
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn info() {
    let world = World::logged_in().await;
    let mut failed = release(3, "admin deployed a config that failed");
    failed["failed"] = json!(true);
    failed["exception"] = json!("error: it exits at once");
    failed["build"] = json!(null);
    world.answers("GET", "/v2/apps/blog/releases/v3", 200, failed).await;
    world.answers("GET", "/v2/apps/blog/releases/v2", 200, release(2, "admin deployed example-go")).await;
    assert_snapshot!(world.run("releases:info v2 -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Release v2
    build:    0190b3f4-0000-7000-8000-000000000001
    config:   0190b3f4-0000-7000-8000-000000000001
    owner:    admin
    created:  2024-05-01T10:00:00Z
    summary:  admin deployed example-go
    updated:  2024-05-01T10:00:00Z
    uuid:     0190b3f4-0000-7000-8000-000000000001
    ----- stderr -----
    ");
    assert_snapshot!(world.run("releases:info 3 -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Release v3
    config:   0190b3f4-0000-7000-8000-000000000001
    owner:    admin
    created:  2024-05-01T10:00:00Z
    summary:  admin deployed a config that failed
    updated:  2024-05-01T10:00:00Z
    uuid:     0190b3f4-0000-7000-8000-000000000001
    failed:   error: it exits at once
    ----- stderr -----
    ");
    assert_snapshot!(world.run("releases:info 3 -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "uuid": "0190b3f4-0000-7000-8000-000000000001",
      "app": "blog",
      "owner": "admin",
      "version": 3,
      "summary": "admin deployed a config that failed",
      "build": null,
      "config": "0190b3f4-0000-7000-8000-000000000001",
      "failed": true,
      "exception": "error: it exits at once",
      "created": "2024-05-01T10:00:00Z",
      "updated": "2024-05-01T10:00:00Z"
    }
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn rollback() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/apps/blog/releases/rollback", 201, json!({"version": 4})).await;
    assert_snapshot!(world.run("rollback -a blog"), @r"
    exit: 0
    ----- stdout -----
    Rolling back one release... done, v4
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/apps/blog/releases/rollback").await, json!({}));
    assert_snapshot!(world.run("releases:rollback v2 -a blog"), @r"
    exit: 0
    ----- stdout -----
    Rolling back to v2... done, v4
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/apps/blog/releases/rollback").await, json!({"version": 2}));
}

#[tokio::test]
async fn bad_versions() {
    let world = World::logged_in().await;
    assert_snapshot!(world.run("rollback v -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: v is not in the form 'v#'
    ");
    assert_snapshot!(world.run("releases:info two -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: two is not in the form 'v#'
    ");
    world.answers("POST", "/v2/apps/blog/releases/rollback", 400, json!({"detail": "version cannot be below 0"})).await;
    assert_snapshot!(world.run("rollback 0 -a blog"), @r"
    exit: 1
    ----- stdout -----
    Rolling back to v0... ⏎
    ----- stderr -----
    Error: The given version is invalid
    ");
}
