//! `drains:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    commands::drain,
    harness::{AT, UUID, World, page},
};

const DRAINS: &str = "/v2/apps/blog/drains";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    let quiet = json!({"uuid": UUID, "url": "https://u:p@logs.example.com/v1", "created": AT});
    world.answers("GET", DRAINS, 200, page(&[drain(), quiet])).await;
    assert_snapshot!(world.run("drains -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Drains
    --- syslog+tls://logs.example.com:6514
    Id:       0190b3f4-0000-7000-8000-000000000001
    Sent:     42 (2024-05-01T10:00:00Z)
    Dropped:  3
    Failed:   the receiver closed the connection (2024-05-01T10:00:00Z)
    --- https://u:p@logs.example.com/v1
    Id:       0190b3f4-0000-7000-8000-000000000001
    Sent:     0
    Dropped:  0
    ----- stderr -----
    ");
    assert_snapshot!(world.run("drains:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "url": "syslog+tls://logs.example.com:6514",
        "created": "2024-05-01T10:00:00Z",
        "sent": 42,
        "dropped": 3,
        "last_sent": "2024-05-01T10:00:00Z",
        "last_error": "the receiver closed the connection",
        "last_error_at": "2024-05-01T10:00:00Z"
      },
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "url": "https://u:p@logs.example.com/v1",
        "created": "2024-05-01T10:00:00Z",
        "sent": 0,
        "dropped": 0,
        "last_sent": null,
        "last_error": null,
        "last_error_at": null
      }
    ]
    ----- stderr -----
    "#);
    world.answers("GET", "/v2/drains", 200, page(&[drain()])).await;
    assert_snapshot!(world.run("drains:list --platform"), @r"
    exit: 0
    ----- stdout -----
    === Platform Drains
    --- syslog+tls://logs.example.com:6514
    Id:       0190b3f4-0000-7000-8000-000000000001
    Sent:     42 (2024-05-01T10:00:00Z)
    Dropped:  3
    Failed:   the receiver closed the connection (2024-05-01T10:00:00Z)
    ----- stderr -----
    ");
}

#[tokio::test]
async fn add() {
    let world = World::logged_in().await;
    world.answers("POST", DRAINS, 201, drain()).await;
    assert_snapshot!(world.run("drains:add https://ana:hunter2@logs.example.com/v1?key=hunter2 -a blog"), @r"
    exit: 0
    ----- stdout -----
    Adding drain https://***@logs.example.com/*** to blog... done, 0190b3f4-0000-7000-8000-000000000001
    ----- stderr -----
    ");
    let sent = json!({"url": "https://ana:hunter2@logs.example.com/v1?key=hunter2"});
    assert_eq!(world.body("POST", DRAINS).await, sent);
    assert_snapshot!(world.run("drains:add logs.example.com:514 -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: A drain is syslog://HOST:PORT, syslog+tls://HOST:PORT or https://HOST/PATH.
    ");
}

#[tokio::test]
async fn remove() {
    let world = World::logged_in().await;
    world.answers("GET", DRAINS, 200, page(&[drain()])).await;
    let path = format!("{DRAINS}/{UUID}");
    world.answers("DELETE", &path, 204, json!("")).await;
    assert_snapshot!(world.run("drains:remove syslog+tls://logs.example.com:6514 -a blog"), @r"
    exit: 0
    ----- stdout -----
    Removing drain 0190b3f4-0000-7000-8000-000000000001 from blog... done
    ----- stderr -----
    ");
    assert_snapshot!(world.run(&format!("drains:remove {UUID} -a blog")), @r"
    exit: 0
    ----- stdout -----
    Removing drain 0190b3f4-0000-7000-8000-000000000001 from blog... done
    ----- stderr -----
    ");
    assert_snapshot!(world.run("drains:remove syslog://logs.example.com -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: blog has no drain with this URL
      `mycli drains` lists them; one can be removed by its id, too.
    ");
}
