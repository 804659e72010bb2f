//! `audit:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{UUID, World, audit_entry, page};

#[tokio::test]
async fn of_an_app() {
    let world = World::logged_in().await;
    let mut push = audit_entry("git:push", "done");
    (push["via"], push["token"], push["address"]) = (json!("key"), json!(""), json!(""));
    world.answers("GET", "/v2/apps/blog/audit", 200, page(&[audit_entry("config:set", "failed"), push])).await;
    assert_snapshot!(world.run("audit:list -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Audit
    2024-05-01T10:00:00Z	ana	api ci from 192.0.2.7	blog	config:set PORT	failed
    2024-05-01T10:00:00Z	ana	key	blog	git:push PORT	done
    ----- stderr -----
    ");
    assert_snapshot!(world.run("audit -a blog -l 1 --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "created": "2024-05-01T10:00:00Z",
        "user": "ana",
        "via": "api",
        "token": "ci",
        "address": "192.0.2.7",
        "action": "config:set",
        "target": "PORT",
        "app_uuid": "0190b3f4-0000-7000-8000-000000000001",
        "app": "blog",
        "outcome": "failed",
        "request_id": "0190b3f4-0000-7000-8000-000000000001"
      },
      {
        "created": "2024-05-01T10:00:00Z",
        "user": "ana",
        "via": "key",
        "token": "",
        "address": "",
        "action": "git:push",
        "target": "PORT",
        "app_uuid": "0190b3f4-0000-7000-8000-000000000001",
        "app": "blog",
        "outcome": "done",
        "request_id": "0190b3f4-0000-7000-8000-000000000001"
      }
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn of_the_platform() {
    let world = World::logged_in().await;
    let mut gone = audit_entry("apps:destroy", "done");
    (gone["app"], gone["app_uuid"]) = (json!(null), json!(UUID));
    let mut refused = audit_entry("POST /v2/admin/perms", "refused");
    (refused["app"], refused["target"]) = (json!(null), json!("403"));
    world.answers("GET", "/v2/audit", 200, page(&[gone, refused])).await;
    assert_snapshot!(world.run("audit:list"), @r"
    exit: 0
    ----- stdout -----
    === Platform Audit
    2024-05-01T10:00:00Z	ana	api ci from 192.0.2.7	0190b3f4-0000-7000-8000-000000000001	apps:destroy PORT	done
    2024-05-01T10:00:00Z	ana	api ci from 192.0.2.7	0190b3f4-0000-7000-8000-000000000001	POST /v2/admin/perms 403	refused
    ----- stderr -----
    ");
}
