//! `git`: remotes of the repository that the user stands in.

use std::net::ToSocketAddrs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::{World, app, page};

#[tokio::test]
async fn a_remote_is_added_kept_and_replaced() {
    let world = World::logged_in().await;
    world.git(&["init", "--quiet"]);
    assert_snapshot!(world.run("git:remote -a blog"), @r"
    exit: 0
    ----- stdout -----
    Git remote mycli successfully created for app blog.
    ----- stderr -----
    ");
    assert_snapshot!(world.run("git:remote -a blog"), @r"
    exit: 0
    ----- stdout -----
    Remote mycli already exists and is correctly configured for app blog.
    ----- stderr -----
    ");
    assert_snapshot!(world.run("git:remote -a shop"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Remote mycli already exists, please run 'mycli git:remote -f' to overwrite
    Existing remote URL: ssh://git@127.0.0.1:2222/blog.git
    When forced, will overwrite with: ssh://git@127.0.0.1:2222/shop.git
    ");
    assert_snapshot!(world.run("git:remote -a shop --force"), @r"
    exit: 0
    ----- stdout -----
    Deleting git remote mycli.
    Git remote mycli successfully created for app shop.
    ----- stderr -----
    ");
    world.run("git:remote -a shop --remote staging");
    assert_snapshot!(world.git(&["remote", "-v"]), @r"
    mycli	ssh://git@127.0.0.1:2222/shop.git (fetch)
    mycli	ssh://git@127.0.0.1:2222/shop.git (push)
    staging	ssh://git@127.0.0.1:2222/shop.git (fetch)
    staging	ssh://git@127.0.0.1:2222/shop.git (push)
    ");
    assert_snapshot!(world.run("git:remove"), @r"
    exit: 0
    ----- stdout -----
    Git remotes for app shop removed.
    ----- stderr -----
    ");
    assert_eq!(world.git(&["remote"]), "");
    assert_snapshot!(world.run("git:remove -a shop"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: No git remote of this repository leads to app shop.
    ");
    let heard = world.heard().await;
    assert!(heard.iter().all(|one| one.url.path() == "/v2/info"), "the controller only says where to push to");
}

/// What a controller at `slipway.localhost` tells.
async fn local_controller(world: &World, ssh: Value) {
    let info = json!({"version": "0.1.0", "platform_version": "2.3.0", "domain": "localhost", "ssh": ssh});
    world.answers("GET", "/v2/info", 200, info).await;
    let controller = format!("http://deis.localhost:{}", world.server.address().port());
    world.write_settings(&json!({"username": "admin", "controller": controller, "token": "t"}));
    world.git(&["init", "--quiet"]);
}

/// The name where the C library knows it, else what it means.
fn resolvable(name: &str) -> &str {
    if (name, 0).to_socket_addrs().is_ok() { name } else { "127.0.0.1" }
}

#[tokio::test]
async fn the_controller_names_the_builder() {
    let world = World::logged_in().await;
    local_controller(&world, json!({"host": "slipway-builder.localhost", "port": 2200})).await;
    world.answers("GET", "/v2/apps/blog/builds", 200, page(&[])).await;
    world.answers("POST", "/v2/apps", 201, app("shop")).await;
    world.run("git:remote -a blog");
    world.run("create shop --remote shop");
    let host = resolvable("slipway-builder.localhost");
    let urls = ["blog", "shop"].map(|app| format!("ssh://git@{host}:2200/{app}.git"));
    for (remote, url) in ["mycli", "shop"].iter().zip(&urls) {
        assert_eq!(world.git(&["remote", "get-url", remote]).trim(), url);
    }
    // The app is found by it, under whatever name of the controller the remote was made.
    assert!(world.run("builds").contains("=== blog Builds"));
    for url in ["ssh://git@slipway-builder.localhost:2200/blog.git", "ssh://git@127.0.0.1:2222/blog.git"] {
        world.git(&["remote", "set-url", "mycli", url]);
        assert!(world.run("builds").contains("=== blog Builds"), "{url}");
    }
    assert_snapshot!(world.run("git:remove -a blog"), @r"
    exit: 0
    ----- stdout -----
    Git remotes for app blog removed.
    ----- stderr -----
    ");
    assert_eq!(world.git(&["remote"]).trim(), "shop");
}

#[tokio::test]
async fn a_builder_that_is_not_named_stands_beside_the_controller() {
    let world = World::logged_in().await;
    local_controller(&world, Value::Null).await;
    world.run("git:remote -a blog");
    let url = format!("ssh://git@{}:2222/blog.git", resolvable("deis-builder.localhost"));
    assert_eq!(world.git(&["remote", "get-url", "mycli"]).trim(), url);
}

#[tokio::test]
async fn no_remote_is_made_up_while_the_controller_is_away() {
    let world = World::logged_in().await;
    world.git(&["init", "--quiet"]);
    world.answers("GET", "/v2/info", 503, json!({"detail": "Service temporarily unavailable, try again later."})).await;
    assert_snapshot!(world.run("git:remote -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Service temporarily unavailable, try again later.
      The platform cannot do it at the moment; try again later.
    ");
    assert_eq!(world.git(&["remote"]), "");
}

#[tokio::test]
async fn there_has_to_be_a_repository() {
    let world = World::logged_in().await;
    assert_snapshot!(world.run("git:remote -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Error when running 'git remote -v'
    fatal: not a git repository (or any of the parent directories): .git
    ");
}
