//! `whitelist:*`.

use insta::assert_snapshot;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::harness::World;

const WHITELIST: &str = "/v2/apps/blog/whitelist";

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", WHITELIST, 200, json!({"addresses": ["10.0.0.0/8", "1.2.3.4"]})).await;
    assert_snapshot!(world.run("whitelist -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Whitelisted Addresses
    10.0.0.0/8
    1.2.3.4
    ----- stderr -----
    ");
    assert_snapshot!(world.run("whitelist:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      "10.0.0.0/8",
      "1.2.3.4"
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn add_and_remove() {
    let world = World::logged_in().await;
    world.answers("POST", WHITELIST, 201, json!({"addresses": ["1.2.3.4", "10.0.0.0/8"]})).await;
    world.replies("DELETE", WHITELIST, ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run("whitelist:add 1.2.3.4,10.0.0.0/8 -a blog"), @r"
    exit: 0
    ----- stdout -----
    Adding 1.2.3.4,10.0.0.0/8 to blog whitelist...
    done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", WHITELIST).await, json!({"addresses": ["1.2.3.4", "10.0.0.0/8"]}));
    assert_snapshot!(world.run_words(&["whitelist:remove", "1.2.3.4, ::1,", "2001:db8::/32", "-a", "blog"]), @r"
    exit: 0
    ----- stdout -----
    Removing 1.2.3.4,::1,2001:db8::/32 from blog whitelist...
    done
    ----- stderr -----
    ");
    assert_eq!(world.body("DELETE", WHITELIST).await, json!({"addresses": ["1.2.3.4", "::1", "2001:db8::/32"]}));
}

#[tokio::test]
async fn what_is_no_address_is_not_sent() {
    let world = World::logged_in().await;
    assert_snapshot!(world.run("whitelist:add 1.2.3.4,example.com -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: The address example.com is not valid
      It looks like 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32.
    ");
    assert_snapshot!(world.run("whitelist:remove , -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: No address is given
      It looks like 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32.
    ");
    assert!(world.heard().await.is_empty());
}

#[tokio::test]
async fn refusals() {
    let world = World::logged_in().await;
    let detail = json!({"detail": "addresses {'9.9.9.9'} does not exist in whitelist"});
    world.answers("DELETE", WHITELIST, 422, detail).await;
    world.answers("POST", WHITELIST, 409, json!({"detail": "admin changed nothing"})).await;
    assert_snapshot!(world.run("whitelist:remove 9.9.9.9 -a blog"), @r"
    exit: 1
    ----- stdout -----
    Removing 9.9.9.9 from blog whitelist...
    ----- stderr -----
    Error: Unable to process your request: addresses {'9.9.9.9'} does not exist in whitelist
    ");
    assert_snapshot!(world.run("whitelist:add 1.2.3.4 -a blog"), @r"
    exit: 1
    ----- stdout -----
    Adding 1.2.3.4 to blog whitelist...
    ----- stderr -----
    Error: admin changed nothing
      Everything is already as you asked for.
    ");
}
