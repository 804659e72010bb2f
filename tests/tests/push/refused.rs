//! Who may not push, and what may not be pushed: told in words, with nothing begun.

use anyhow::{Result, ensure};
use insta::assert_snapshot;
use tests::{
    git::{self, Repository},
    snapshot,
    user::User,
    wait,
};

use super::{SMALL, SOON, Stage, pushed};

#[test]
fn words_for_everything_that_is_refused() -> Result<()> {
    let stage = Stage::set()?;
    let _settled = snapshot::settle(&stage.user);
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;

    assert_snapshot!(blog.git(&["push", "mycli", "main:feature"])?, @"");
    assert_snapshot!(blog.git(&["push", "mycli", "main:refs/tags/v1"])?, @"");
    assert_snapshot!(blog.git(&["push", "mycli", "main", "main:master"])?, @"");

    // Another user: her key is known, but the app is not hers.
    let stranger = User::new()?;
    ensure!(
        stage
            .user
            .mycli(&[
                "register",
                &stage.platform.url(),
                "--username",
                "eve",
                "--email",
                "e@example.com",
                "--password-stdin",
                "--login=false"
            ])?
            .code
            != 2
    );
    git::make_key(&stranger)?;
    let other = Repository::with(&stranger, &[("Dockerfile", SMALL)])?;
    let url = String::from_utf8(
        std::process::Command::new("git")
            .args(["remote", "get-url", "mycli"])
            .current_dir(blog.path())
            .output()?
            .stdout,
    )?;
    other.does(&["remote", "add", "mycli", url.trim()])?;
    assert_snapshot!(other.push()?, @"");

    blog.does(&["remote", "set-url", "mycli", &url.trim().replace("/blog.git", "/blo.git")])?;
    assert_snapshot!(blog.push()?, @"");
    Ok(())
}

#[test]
fn one_push_at_a_time() -> Result<()> {
    let stage = Stage::set()?;
    let slow = format!("{SMALL}RUN sleep 20\n");
    let blog = stage.app("blog", &[("Dockerfile", &slow)])?;
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
