//! The Docker Engine goes away: stopped, or frozen. Containers run on, as they do with live-restore.

use std::thread;

use anyhow::{Result, bail};
use insta::assert_snapshot;
use tests::{engine::Engine, image::Image, snapshot, standalone::Ground, user::User, wait};

use crate::{SOON, blog, is_served, transcript, works_again};

#[test]
fn without_the_engine() -> Result<()> {
    let mut engine = Engine::reach()?;
    let ground = Ground { engine: Some(engine.socket()), ..Ground::default() };
    let (platform, user, _image) = blog("engineless", ground)?;
    let _settled = snapshot::settle(&user);
    engine.goes_away();
    refuses_changes(&user)?;
    answers_questions(&user)?;
    assert!(user.does(&["logs", "-a", "blog"])?.contains("listening on 5000"));
    is_served(&platform, &user)?;
    engine.comes_back()?;
    works_again(&user)?;
    assert_snapshot!(transcript(&user, &["releases -a blog", "ps -a blog"])?, @r"
    $ mycli releases -a blog
    exit code 0
    out: === blog Releases
    out: v4	<time>	ana added AGAIN
    out: v3	<time>	ana added POWERED_BY
    out: v2	<time>	ana deployed slipway-test-engineless
    out: v1	<time>	ana created initial release

    $ mycli ps -a blog
    exit code 0
    out: === blog Processes
    out: --- cmd:
    out: blog-cmd-<release>-<name> up (v4)
    ");
    is_served(&platform, &user)
}

fn refuses_changes(user: &User) -> Result<()> {
    let changes = [
        "pull slipway-test-engineless -a blog",
        "config:set A=1 -a blog",
        "scale cmd=2 -a blog",
        "rollback -a blog",
        "ps:restart -a blog",
        "run -a blog -- true",
    ];
    assert_snapshot!(transcript(user, &changes)?, @r"
    $ mycli pull slipway-test-engineless -a blog
    exit code 1
    out: Creating build...
    err: Error: The container engine cannot be reached. Nothing was changed, and apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.

    $ mycli config:set A=1 -a blog
    exit code 1
    out: Creating config...
    err: Error: The container engine cannot be reached. Nothing was changed, and apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.

    $ mycli scale cmd=2 -a blog
    exit code 1
    out: Scaling processes... but first, coffee!
    err: Error: The container engine cannot be reached. Nothing was changed, and apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.

    $ mycli rollback -a blog
    exit code 1
    out: Rolling back one release...
    err: Error: The container engine cannot be reached. Nothing was changed, and apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.

    $ mycli ps:restart -a blog
    exit code 1
    out: Restarting processes... but first, coffee!
    err: Error: The container engine cannot be reached. Nothing was changed, and apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.

    $ mycli run -a blog -- true
    exit code 1
    err: Running 'true'...
    err: Error: The container engine cannot be reached. Nothing was changed, and apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.
    ");
    Ok(())
}

/// As far as the answers are not the engine's.
fn answers_questions(user: &User) -> Result<()> {
    let questions = ["ps -a blog", "info -a blog", "config -a blog", "releases -a blog"];
    assert_snapshot!(transcript(user, &questions)?, @r"
    $ mycli ps -a blog
    exit code 1
    err: Error: The container engine cannot be reached. Apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.

    $ mycli info -a blog
    exit code 1
    err: Error: The container engine cannot be reached. Apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.

    $ mycli config -a blog
    exit code 0
    out: === blog Config
    out: POWERED_BY      trouble

    $ mycli releases -a blog
    exit code 0
    out: === blog Releases
    out: v3	<time>	ana added POWERED_BY
    out: v2	<time>	ana deployed slipway-test-engineless
    out: v1	<time>	ana created initial release
    ");
    Ok(())
}

/// Neither what is under way nor who asks of it waits without end.
#[test]
fn without_the_engine_in_the_middle_of_a_deploy() -> Result<()> {
    let mut engine = Engine::reach()?;
    let ground = Ground { engine: Some(engine.socket()), ..Ground::default() };
    let (platform, user, _image) = blog("engineless-later", ground)?;
    let silent = Image::specimen("mute", &["silent"], &[5000])?;
    let _settled = snapshot::settle(&user);
    user.does(&["config:set", "DEIS_DEPLOY_TIMEOUT=5", "-a", "blog"])?;
    let pull = thread::scope(|scope| {
        let pull = scope.spawn(|| transcript(&user, &[&format!("pull {} -a blog", silent.name)]));
        let begun = || Ok(user.does(&["ps", "-a", "blog"])?.contains("(v5)").then_some(()));
        wait::until("an instance is on its way", SOON, begun)?;
        engine.goes_away();
        pull.join().unwrap_or_else(|_| bail!("the user panicked"))
    });
    assert_snapshot!(pull?, @r"
    $ mycli pull slipway-test-mute -a blog
    exit code 1
    out: Creating build...
    err: Error: (app::deploy): There was a problem deploying v5. Rolling back process types to release v4.
    err: The container engine did not do its part within 5 s: <why>
    ");
    is_served(&platform, &user)?;
    engine.falls_silent()?;
    assert_snapshot!(transcript(&user, &["config:set A=1 -a blog"])?, @r"
    $ mycli config:set A=1 -a blog
    exit code 1
    out: Creating config...
    err: Error: The container engine cannot be reached. Nothing was changed, and apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.
    ");
    engine.comes_back()?;
    works_again(&user)?;
    assert_snapshot!(transcript(&user, &["releases -a blog", "ps -a blog"])?, @r"
    $ mycli releases -a blog
    exit code 0
    out: === blog Releases
    out: v6	<time>	ana added AGAIN
    out: v5	<time>	ana deployed <uuid> which failed
    out: v4	<time>	ana added DEIS_DEPLOY_TIMEOUT
    out: v3	<time>	ana added POWERED_BY
    out: v2	<time>	ana deployed slipway-test-engineless-later
    out: v1	<time>	ana created initial release

    $ mycli ps -a blog
    exit code 0
    out: === blog Processes
    out: --- cmd:
    out: blog-cmd-<release>-<name> up (v6)
    ");
    is_served(&platform, &user)
}
