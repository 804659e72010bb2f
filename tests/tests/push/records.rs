//! What is known of builds: while they run, afterwards, and how one is ended.

use anyhow::{Result, ensure};
use insta::assert_snapshot;
use tests::{snapshot, wait};

use super::{SMALL, SOON, Stage, pushed};

#[test]
fn builds_are_listed_read_and_cancelled() -> Result<()> {
    let stage = Stage::set()?;
    let user = &stage.user;
    let _settled = snapshot::settle(user);
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    pushed(&blog)?;
    assert_snapshot!(user.does(&["builds", "-a", "blog"])?, @"");
    assert_snapshot!(user.does(&["builds:info", "-a", "blog"])?, @"");
    assert_snapshot!(user.does(&["builds:logs", "-a", "blog"])?, @"");

    blog.write("Dockerfile", &format!("{SMALL}RUN echo long; sleep 60\n"))?;
    blog.commit("Sleep")?;
    let push = blog.begin_push()?;
    wait::until("it builds", SOON, || {
        Ok(user.does(&["builds:logs", "-a", "blog"])?.contains("sleep 60").then_some(()))
    })?;
    assert_snapshot!(user.does(&["builds", "-a", "blog"])?, @"");
    // A change of config does not wait for the build.
    user.does(&["config:set", "A=1", "-a", "blog"])?;
    assert_snapshot!(user.does(&["builds:cancel", "-a", "blog"])?, @"");
    let output = push.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success() && said.contains("cancelled"), "{said}");
    assert_snapshot!(user.does(&["builds:info", "-a", "blog"])?, @"");
    stage.is_served("blog", "Powered by Slipway")
}
