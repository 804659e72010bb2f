//! `registry:*`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, config};

const CONFIG: &str = "/v2/apps/blog/config";

#[tokio::test]
async fn the_password_is_never_shown() {
    let world = World::logged_in().await;
    let login = json!({"registry": {"username": "bob", "password": "s3cur3pw1"}});
    world.answers("GET", CONFIG, 200, config(&login)).await;
    world.answers("POST", CONFIG, 201, config(&login)).await;
    assert_snapshot!(world.run("registry -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Registry
    password     ********
    username     bob
    ----- stderr -----
    ");
    assert_snapshot!(world.run("registry:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "password": "********",
      "username": "bob"
    }
    ----- stderr -----
    "#);
    assert_snapshot!(world.run_with("registry:set username=bob --password-stdin -a blog", "s3cur3pw1\n"), @r"
    exit: 0
    ----- stdout -----
    Applying registry information... done

    === blog Registry
    password     ********
    username     bob
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", CONFIG).await, login);
    assert_snapshot!(world.run("registry:unset username password -a blog"), @r"
    exit: 0
    ----- stdout -----
    Applying registry information... done

    === blog Registry
    password     ********
    username     bob
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", CONFIG).await, json!({"registry": {"username": null, "password": null}}));
}

#[tokio::test]
async fn set_what_cannot_be_set() {
    let world = World::logged_in().await;
    assert_snapshot!(world.run("registry:set username -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: username is invalid. Must be in format key=value
    Examples: username=bob password=s3cur3pw1
    ");
    assert_snapshot!(world.run("registry:set host=x -a blog"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: host is invalid. Valid keys are "username" or "password"
    "#);
}
