//! The first pushes of somebody who has a Dockerfile.

use anyhow::Result;
use insta::assert_snapshot;
use tests::{git::Repository, snapshot};

use super::{SMALL, Stage, pushed};

#[test]
fn a_dockerfile_becomes_a_release() -> Result<()> {
    let stage = Stage::set()?;
    let _settled = snapshot::settle(&stage.user);
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    assert_snapshot!(blog.push()?, @r#"
    exit code 0
    Starting build... but first, coffee!
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
    Build complete.
    Launching App...
    Done, blog:v2 deployed to Workflow

    http://blog.localhost

    Use 'deis open' to view this application in your browser

    To learn more, use 'deis help' or visit https://deis.com/

    To ssh://<builder>/blog.git
     * [new branch]      main -> main
    "#);
    stage.is_served("blog", "Powered by Slipway")?;
    assert_snapshot!(blog.push()?, @"
    exit code 0
    Nothing new was pushed, so nothing is deployed. To build the same source again: git commit --allow-empty -m Redeploy, then push. To restart what runs: mycli ps:restart
    Everything up-to-date
    ");

    mistakes_are_told_and_mended(&stage, &blog)
}

fn mistakes_are_told_and_mended(stage: &Stage, blog: &Repository) -> Result<()> {
    blog.write("Dockerfile", &format!("{SMALL}FOO bar\n"))?;
    blog.commit("A typo")?;
    assert_snapshot!(blog.push()?, @r#"
    exit code 1
    Starting build... but first, coffee!
    Step 1/7 : FROM slipway-stack
    Step 2/7 : WORKDIR /srv
     ---> Using cache
     ---> <id>
    Step 3/7 : RUN echo Powered by Slipway >index.html
     ---> Using cache
     ---> <id>
    Step 4/7 : EXPOSE 8000
     ---> Using cache
     ---> <id>
    Step 5/7 : USER nobody
     ---> Using cache
     ---> <id>
    Step 6/7 : CMD ["python3", "-m", "http.server", "8000"]
     ---> Using cache
     ---> <id>
    Step 7/7 : FOO bar
    Unknown instruction: FOO
    Error: the image could not be built from the Dockerfile
    To ssh://<builder>/blog.git
     ! [remote rejected] main -> main (pre-receive hook declined)
    error: failed to push some refs to 'ssh://<builder>/blog.git'
    "#);
    stage.is_served("blog", "Powered by Slipway")?;
    // The same commit can be pushed again.
    assert_eq!(blog.push()?.code, 1);

    blog.write("Dockerfile", &SMALL.replace("Slipway", "v3"))?;
    blog.commit("Mend it")?;
    pushed(blog)?;
    stage.is_served("blog", "Powered by v3")?;
    let user = &stage.user;
    assert_snapshot!(user.does(&["releases", "-a", "blog"])?, @"
    === blog Releases
    v3	<time>	ana deployed <sha>
    v2	<time>	ana deployed <sha>
    v1	<time>	ana created initial release
    ");
    assert_snapshot!(user.does(&["rollback", "v2", "-a", "blog"])?, @"Rolling back to v2... done, v4");
    stage.is_served("blog", "Powered by Slipway")?;
    assert_snapshot!(user.does(&["run", "-a", "blog", "--", "cat index.html; echo $SOURCE_VERSION | wc -c"])?, @"
    Powered by Slipway
    9
    ");
    Ok(())
}

#[test]
fn a_deploy_that_does_not_come_up_rejects_the_push() -> Result<()> {
    let stage = Stage::set()?;
    let _settled = snapshot::settle(&stage.user);
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    pushed(&blog)?;
    let broken =
        SMALL.replace("[\"python3\", \"-m\", \"http.server\", \"8000\"]", "echo cannot reach the database; exit 7");
    blog.write("Dockerfile", &broken)?;
    blog.commit("Ask a database that is not there")?;
    assert_snapshot!(blog.push()?, @"
    exit code 1
    Starting build... but first, coffee!
    Step 1/6 : FROM slipway-stack
    Step 2/6 : WORKDIR /srv
     ---> Using cache
     ---> <id>
    Step 3/6 : RUN echo Powered by Slipway >index.html
     ---> Using cache
     ---> <id>
    Step 4/6 : EXPOSE 8000
     ---> Using cache
     ---> <id>
    Step 5/6 : USER nobody
     ---> Using cache
     ---> <id>
    Step 6/6 : CMD echo cannot reach the database; exit 7
     ---> <id>
    Pushing to registry
    Build complete.
    Launching App...
    The controller returned an error when publishing the release: (app::deploy): There was a problem deploying v3. Rolling back process types to release v2.
    blog-cmd-<release>-<name> exited with code 7. Its last lines:
        cannot reach the database
    To ssh://<builder>/blog.git
     ! [remote rejected] main -> main (pre-receive hook declined)
    error: failed to push some refs to 'ssh://<builder>/blog.git'
    ");
    stage.is_served("blog", "Powered by Slipway")
}
