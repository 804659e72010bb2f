//! `users:*`.

use insta::assert_snapshot;

use crate::harness::{World, page, user};

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/users", 200, page(&[user("admin", true), user("ana", false)])).await;
    assert_snapshot!(world.run("users"), @r"
    exit: 0
    ----- stdout -----
    === Users (*=admin)
    *admin
    ana
    ----- stderr -----
    ");
    assert!(world.run("users:list --json").contains("\"username\": \"ana\""));
}
