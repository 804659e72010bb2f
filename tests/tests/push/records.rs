//! What is known of builds: while they run, afterwards, and how one is ended.

use anyhow::{Result, ensure};
use insta::assert_snapshot;
use tests::{git::Repository, snapshot, wait};

use super::{SMALL, SOON, Stage, pushed};

#[test]
fn builds_are_listed_read_and_cancelled() -> Result<()> {
    let stage = Stage::set()?;
    let user = &stage.user;
    let _settled = snapshot::settle(user);
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    pushed(&blog)?;
    assert_snapshot!(user.does(&["builds", "-a", "blog"])?, @"
    === blog Builds
    <uuid> <time>
    ");
    assert_snapshot!(user.does(&["builds:info", "-a", "blog"])?, @"
    === blog Build <uuid>
    state:    done
    image:    blog:git-<sha>
    commit:   <id>
    kind:     dockerfile
    owner:    ana
    created:  <time>
    updated:  <time>
    ");
    assert_snapshot!(user.does(&["builds:logs", "-a", "blog"])?, @r#"
    Step 1/6 : FROM slipway-stack
    Step 2/6 : WORKDIR /srv
     ---> <id>
    Step 3/6 : RUN echo Powered by Slipway >index.html
     ---> <id>
    Step 4/6 : EXPOSE 8000
     ---> <id>
    Step 5/6 : USER nobody
     ---> <id>
    Step 6/6 : CMD ["python3", "-m", "http.server", "8000"]
     ---> <id>
    Pushing to registry
    "#);

    is_cancelled(&stage, &blog)
}

fn is_cancelled(stage: &Stage, blog: &Repository) -> Result<()> {
    let user = &stage.user;
    blog.write("Dockerfile", &format!("{SMALL}RUN echo long; sleep 60\n"))?;
    blog.commit("Sleep")?;
    let push = blog.begin_push()?;
    wait::until("it builds", SOON, || {
        Ok(user.does(&["builds:logs", "-a", "blog"])?.contains("sleep 60").then_some(()))
    })?;
    assert_snapshot!(user.does(&["builds", "-a", "blog"])?, @"
    === blog Builds
    <uuid> <time> building
    <uuid> <time>
    ");
    // A change of config does not wait for the build.
    user.does(&["config:set", "A=1", "-a", "blog"])?;
    assert_snapshot!(user.does(&["builds:cancel", "-a", "blog"])?, @"Cancelling build <uuid>... done");
    let output = push.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success() && said.contains("cancelled"), "{said}");
    assert_snapshot!(user.does(&["builds:info", "-a", "blog"])?, @"
    === blog Build <uuid>
    state:    cancelled
    reason:   ana cancelled the build.
    image:    blog:git-<sha>
    commit:   <id>
    kind:     dockerfile
    owner:    ana
    created:  <time>
    updated:  <time>
    ");
    stage.is_served("blog", "Powered by Slipway")
}
