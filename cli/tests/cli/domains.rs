//! `domains:*`.

use insta::assert_snapshot;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::harness::{World, domain, page};

const DOMAINS: &str = "/v2/apps/blog/domains";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", DOMAINS, 200, page(&[domain("blog"), domain("www.example.com")])).await;
    assert_snapshot!(world.run("domains -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Domains
    blog
    www.example.com
    ----- stderr -----
    ");
    assert_snapshot!(world.run("domains:list -a blog --json -l 2"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "owner": "admin",
        "app": "blog",
        "domain": "blog",
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z"
      },
      {
        "owner": "admin",
        "app": "blog",
        "domain": "www.example.com",
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z"
      }
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn add_and_remove() {
    let world = World::logged_in().await;
    world.answers("POST", DOMAINS, 201, domain("*.example.com")).await;
    world.replies("DELETE", "/v2/apps/blog/domains/*.example.com", ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run("domains:add *.example.com -a blog"), @r"
    exit: 0
    ----- stdout -----
    Adding *.example.com to blog... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", DOMAINS).await, json!({"domain": "*.example.com"}));
    assert_snapshot!(world.run("domains:remove *.example.com -a blog"), @r"
    exit: 0
    ----- stdout -----
    Removing *.example.com from blog... done
    ----- stderr -----
    ");
}

#[tokio::test]
async fn refusals() {
    let world = World::logged_in().await;
    world.answers("POST", DOMAINS, 400, json!({"domain": ["Hostname does not look valid."]})).await;
    assert_snapshot!(world.run("domains:add 1.2.3.4 -a blog"), @r"
    exit: 1
    ----- stdout -----
    Adding 1.2.3.4 to blog... ⏎
    ----- stderr -----
    Error: Hostname does not look valid.
    ");
    world.answers("DELETE", "/v2/apps/blog/domains/x.org", 404, json!("No Domain matches the given query.")).await;
    assert_snapshot!(world.run("domains:remove x.org -a blog"), @r#"
    exit: 1
    ----- stdout -----
    Removing x.org from blog... ⏎
    ----- stderr -----
    Error: "No Domain matches the given query."
      `mycli domains` lists the domains there are.
    "#);
    assert_snapshot!(world.run("domains:remove .. -a blog"), @r#"
    exit: 1
    ----- stdout -----
    Removing .. from blog... ⏎
    ----- stderr -----
    Error: ".." cannot be the name of anything
    "#);
}
