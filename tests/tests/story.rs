//! The first app, as a user lives through it: register, create, pull, configure, scale, roll back, read logs, run, destroy.

use std::time::Duration;

use anyhow::Result;
use insta::assert_snapshot;
use tests::{image::Image, snapshot, standalone::Standalone, user::User, wait};

/// A scale or deploy is done when its command returns; what the router does with that may take a moment.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn the_first_app() -> Result<()> {
    let image = Image::specimen("story", &[], &[5000])?;
    let platform = Standalone::start()?;
    let user = User::new()?;
    let _settled = snapshot::settle(&user);
    assert_snapshot!(user.register(&platform.url(), "ana")?, @"
    exit code 0
    out: Registered ana
    out: Logged in as ana
    out: Configuration file written to $HOME/.mycli/client.json
    ");
    assert_snapshot!(user.does(&["create", "blog", "--no-remote"])?, @"
    Creating Application... done, created blog
    If you want to add a git remote for this app later, use `mycli git:remote -a blog`
    ");
    assert_snapshot!(user.does(&["pull", &image.name, "-a", "blog"])?, @"Creating build... done");
    let answer = || user.curl(&platform.app_url("blog"));
    assert_eq!(answer()?, (200, "Powered by Slipway\n".to_owned()));

    assert_snapshot!(user.does(&["config:set", "POWERED_BY=Docker Images + Kubernetes", "-a", "blog"])?, @"
    Creating config... done

    === blog Config
    POWERED_BY      Docker Images + Kubernetes
    ");
    assert_eq!(answer()?, (200, "Powered by Docker Images + Kubernetes\n".to_owned()));

    wait::until_equal(&1, SOON, || logged(&user, "finishing"))?;
    assert_snapshot!(user.does(&["logs", "-n", "1000", "-a", "blog"])?, @"
    <time> deis[controller]: INFO config blog-<uuid> updated
    <time> deis[controller]: INFO ana created initial release
    <time> deis[controller]: INFO appsettings blog-<uuid> updated
    <time> deis[controller]: INFO domain blog added
    <time> deis[controller]: INFO build blog-<uuid> created
    <time> deis[controller]: INFO ana deployed slipway-test-story
    <time> blog[cmd.v2.<name>]: listening on 5000
    <time> deis[controller]: INFO config blog-<uuid> updated
    <time> deis[controller]: INFO ana added POWERED_BY
    <time> blog[cmd.v3.<name>]: listening on 5000
    <time> blog[cmd.v2.<name>]: finishing
    ");
    grows_and_returns(&platform, &user)
}

/// The second half: from one instance of v3 to the end.
fn grows_and_returns(platform: &Standalone, user: &User) -> Result<()> {
    let answer = || user.curl(&platform.app_url("blog"));
    assert_snapshot!(user.does(&["scale", "cmd=2", "-a", "blog"])?, @"
    Scaling processes... but first, coffee!
    done in <n>s
    === blog Processes
    --- cmd:
    blog-cmd-<release>-<name> up (v3)
    blog-cmd-<release>-<name> up (v3)
    ");
    assert_snapshot!(user.does(&["ps", "-a", "blog"])?, @"
    === blog Processes
    --- cmd:
    blog-cmd-<release>-<name> up (v3)
    blog-cmd-<release>-<name> up (v3)
    ");
    assert_snapshot!(user.does(&["releases", "-a", "blog"])?, @"
    === blog Releases
    v3	<time>	ana added POWERED_BY
    v2	<time>	ana deployed slipway-test-story
    v1	<time>	ana created initial release
    ");

    assert_snapshot!(user.does(&["rollback", "v2", "-a", "blog"])?, @"Rolling back to v2... done, v4");
    assert_eq!(answer()?, (200, "Powered by Slipway\n".to_owned()));

    assert_snapshot!(user.does(&["run", "-a", "blog", "--", "echo $WORKFLOW_RELEASE; exit 0"])?, @"v4");
    let failed = user.mycli(&["run", "-a", "blog", "--", "exit 3"])?;
    assert_eq!(failed.code, 3, "{failed}");

    // One start for v2, two for v3 (the second by scaling), two for the rollback.
    wait::until_equal(&5, SOON, || logged(user, "listening on 5000"))?;

    assert_snapshot!(user.does(&["destroy", "-a", "blog", "--confirm", "blog"])?, @"
    Destroying blog...
    done in <n>s
    ");
    wait::until_equal(&404, SOON, || Ok(answer()?.0))
}

/// How often the log has this line.
fn logged(user: &User, line: &str) -> Result<usize> {
    Ok(user.does(&["logs", "-n", "1000", "-a", "blog"])?.matches(line).count())
}
