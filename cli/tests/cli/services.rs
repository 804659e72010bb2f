//! `services:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::World;

const SERVICES: &str = "/v2/apps/blog/services";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    let service = |name, paths| json!({"procfile_type": name, "path_pattern": paths});
    let services = json!({"services": [service("media", "^~ /media"), service("api", "/api,/v2")]});
    world.answers("GET", SERVICES, 200, services).await;
    assert_snapshot!(world.run("services -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Services
    api       /api,/v2
    media     ^~ /media
    ----- stderr -----
    ");
    assert_snapshot!(world.run("services:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "procfile_type": "media",
        "path_pattern": "^~ /media"
      },
      {
        "procfile_type": "api",
        "path_pattern": "/api,/v2"
      }
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn add_and_remove() {
    let world = World::logged_in().await;
    world.answers("POST", SERVICES, 201, json!("")).await;
    assert_snapshot!(world.run("services:add --type api --route /api -a blog"), @r"
    exit: 0
    ----- stdout -----
    Adding api (/api) to blog... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", SERVICES).await, json!({"procfile_type": "api", "path_pattern": "/api"}));
    world.answers("DELETE", SERVICES, 204, json!("")).await;
    assert_snapshot!(world.run("services:remove api -a blog"), @r"
    exit: 0
    ----- stdout -----
    Removing api from blog... done
    ----- stderr -----
    ");
    assert_eq!(world.body("DELETE", SERVICES).await, json!({"procfile_type": "api"}));
    assert_snapshot!(world.run("services:add --type api --route api -a blog"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Service value should be valid regex (or set of regex split by comma): "api" is no path: it begins with /, or with ~ and an expression
    "#);
    assert_snapshot!(world.run("services:add --type Api --route /api -a blog"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: "Api": Process types can only contain lowercase alphanumeric characters
    "#);
}
