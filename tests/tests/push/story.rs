//! The first pushes of somebody who has a Dockerfile.

use anyhow::Result;
use insta::assert_snapshot;
use tests::snapshot;

use super::{SMALL, Stage, pushed};

#[test]
fn a_dockerfile_becomes_a_release() -> Result<()> {
    let stage = Stage::set()?;
    let _settled = snapshot::settle(&stage.user);
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    assert_snapshot!(blog.push()?, @"");
    stage.is_served("blog", "Powered by Slipway")?;
    assert_snapshot!(blog.push()?, @"");

    blog.write("Dockerfile", &format!("{SMALL}FOO bar\n"))?;
    blog.commit("A typo")?;
    assert_snapshot!(blog.push()?, @"");
    stage.is_served("blog", "Powered by Slipway")?;
    // The same commit can be pushed again.
    assert_eq!(blog.push()?.code, 1);

    blog.write("Dockerfile", &SMALL.replace("Slipway", "v3"))?;
    blog.commit("Mend it")?;
    pushed(&blog)?;
    stage.is_served("blog", "Powered by v3")?;
    let user = &stage.user;
    assert_snapshot!(user.does(&["releases", "-a", "blog"])?, @"");
    assert_snapshot!(user.does(&["rollback", "v2", "-a", "blog"])?, @"");
    stage.is_served("blog", "Powered by Slipway")?;
    assert_snapshot!(user.does(&["run", "-a", "blog", "--", "cat index.html; echo $SOURCE_VERSION | wc -c"])?, @"");
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
    assert_snapshot!(blog.push()?, @"");
    stage.is_served("blog", "Powered by Slipway")
}
