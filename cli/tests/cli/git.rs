//! `git`: remotes of the repository that the user stands in.

use insta::assert_snapshot;

use crate::harness::World;

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
    assert!(world.heard().await.is_empty(), "nothing of it concerns the controller");
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
