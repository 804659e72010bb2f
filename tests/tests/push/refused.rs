//! Who may not push, and what may not be pushed: told in words, with nothing begun.

use std::{process::Command, time::Duration};

use anyhow::{Result, ensure};
use insta::assert_snapshot;
use tests::{
    git::{self, Repository},
    program, snapshot,
    user::User,
    wait,
};

use super::{SMALL, Stage, pushed};

/// A build that is the first in the queue begins at once.
const SOON: Duration = Duration::from_secs(15);

#[test]
fn words_for_everything_that_is_refused() -> Result<()> {
    let stage = Stage::set()?;
    let _settled = snapshot::settle(&stage.user);
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;

    assert_snapshot!(blog.push_as("main:feature")?, @"
    exit code 1
    Only main and master are deployed. To deploy this branch: git push <remote> feature:main
    To ssh://<builder>/blog.git
     ! [remote rejected] main -> feature (pre-receive hook declined)
    error: failed to push some refs to 'ssh://<builder>/blog.git'
    ");
    assert_snapshot!(blog.push_as("main:refs/tags/v1")?, @"
    exit code 1
    Tags are not deployed. To deploy what this one marks: git push <remote> v1^{}:main
    To ssh://<builder>/blog.git
     ! [remote rejected] main -> v1 (pre-receive hook declined)
    error: failed to push some refs to 'ssh://<builder>/blog.git'
    ");

    // Somebody else whose key is known, and the app is not hers; then with a key that is not known.
    let eve = other_user(&stage)?;
    git::introduce(&eve)?;
    let hers = Repository::with(&eve, &[("Dockerfile", SMALL)])?;
    let url = remote(&blog)?;
    hers.does(&["remote", "add", "mycli", &url])?;
    assert_snapshot!(hers.push()?, @"
    exit code 128
    App blog does not exist, or eve may not push to it.
    mycli apps lists those that you may use, mycli create blog makes one.
    fatal: Could not read from remote repository.

    Please make sure you have the correct access rights
    and the repository exists.
    ");
    hers.does(&["remote", "set-url", "mycli", &url.replace("/blog.git", "/blo.git")])?;
    assert_snapshot!(hers.push()?, @"
    exit code 128
    App blo does not exist, or eve may not push to it.
    mycli apps lists those that you may use, mycli create blo makes one.
    fatal: Could not read from remote repository.

    Please make sure you have the correct access rights
    and the repository exists.
    ");
    eve.does(&["keys:remove", "ana@laptop"])?;
    assert_snapshot!(hers.push()?, @"
    exit code 128
    This key is not registered here. Register it with `mycli keys:add`, then push again.
    git@<builder>: Permission denied (publickey).
    fatal: Could not read from remote repository.

    Please make sure you have the correct access rights
    and the repository exists.
    ");

    ensure!(!stage.user.does(&["builds", "-a", "blog"])?.contains('-'), "something was built");
    Ok(())
}

#[test]
fn one_push_at_a_time() -> Result<()> {
    let stage = Stage::set()?;
    let blog = stage.app("blog", &[("Dockerfile", "FROM slipway-stack\nRUN sleep 60\n")])?;
    let mut first = blog.begin_push()?;
    wait::until("the build runs", SOON, || {
        Ok(stage.user.does(&["builds", "-a", "blog"])?.contains("building").then_some(()))
    })?;
    let second = blog.push()?;
    ensure!(second.code == 128 && second.text.contains("fatal: remote error: Another git push is ongoing"), "{second}");
    stage.user.does(&["builds:cancel", "-a", "blog"])?;
    ensure!(!first.wait()?.success());
    blog.write("Dockerfile", SMALL)?;
    blog.commit("Without sleep")?;
    pushed(&blog)?;
    stage.is_served("blog", "Powered by Slipway")
}

/// Somebody whom the administrator registers, logged in.
fn other_user(stage: &Stage) -> Result<User> {
    let (eve, password) = (User::new()?, "a horse of another color\n");
    let url = stage.platform.url();
    let register =
        ["register", &url, "--username", "eve", "--email", "eve@example.com", "--password-stdin", "--login=false"];
    let said = stage.user.types(&register, password)?;
    ensure!(said.code == 0, "{said}");
    let said = eve.types(&["login", &url, "--username", "eve", "--password-stdin"], password)?;
    ensure!(said.code == 0, "{said}");
    Ok(eve)
}

/// Where `mycli` has a repository push to.
fn remote(repository: &Repository) -> Result<String> {
    let url =
        program::output(Command::new("git").arg("-C").arg(repository.path()).args(["remote", "get-url", "mycli"]))?;
    Ok(url.trim().to_owned())
}
