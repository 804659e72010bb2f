//! `perms:*`.

use insta::assert_snapshot;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::harness::{World, page};

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/apps/blog/perms", 200, json!({"users": ["ana", "bob"]})).await;
    let mut admins = page(&[json!({"username": "admin", "is_superuser": true})]);
    admins["count"] = json!(2);
    world.answers("GET", "/v2/admin/perms", 200, admins).await;
    assert_snapshot!(world.run("sharing -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog's Users
    ana
    bob
    ----- stderr -----
    ");
    assert_snapshot!(world.run("perms:list --admin -l 1"), @r"
    exit: 0
    ----- stdout -----
    === Administrators (1 of 2)
    admin
    ----- stderr -----
    ");
    assert_snapshot!(world.run("perms -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      "ana",
      "bob"
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn create_and_delete() {
    let world = World::logged_in().await;
    for path in ["/v2/apps/blog/perms", "/v2/admin/perms"] {
        world.replies("POST", path, ResponseTemplate::new(201)).await;
        world.replies("DELETE", &format!("{path}/ana"), ResponseTemplate::new(204)).await;
    }
    assert_snapshot!(world.run("sharing:add ana -a blog"), @r"
    exit: 0
    ----- stdout -----
    Adding ana to blog collaborators... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/apps/blog/perms").await, json!({"username": "ana"}));
    assert_snapshot!(world.run("perms:create ana --admin"), @r"
    exit: 0
    ----- stdout -----
    Adding ana to system administrators... done
    ----- stderr -----
    ");
    assert_snapshot!(world.run("sharing:remove ana -a blog"), @r"
    exit: 0
    ----- stdout -----
    Removing ana from blog collaborators... done
    ----- stderr -----
    ");
    assert_snapshot!(world.run("perms:delete ana --admin"), @r"
    exit: 0
    ----- stdout -----
    Removing ana from system administrators... done
    ----- stderr -----
    ");
}

#[tokio::test]
async fn somebody_unknown() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/apps/blog/perms", 404, json!("No User matches the given query.")).await;
    assert_snapshot!(world.run("perms:create nobody -a blog"), @r#"
    exit: 1
    ----- stdout -----
    Adding nobody to blog collaborators... ⏎
    ----- stderr -----
    Error: "No User matches the given query."
      Check the spelling of the user's name; whoever it is must have registered.
    "#);
}
