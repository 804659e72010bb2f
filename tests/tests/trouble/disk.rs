//! The disk is full.

use std::process::Command;

use anyhow::Result;
use insta::assert_snapshot;
use tests::{disk::Disk, program, snapshot, standalone::Ground, wait};

use crate::{SOON, blog, is_served, transcript, works_again};

/// Room for the database as it is made, and a little more.
const ROOM: u64 = 128 << 20;

/// What an app writes meanwhile: more than fits on the page that its log ends in.
const LINES: usize = 200;

#[test]
fn on_a_full_disk() -> Result<()> {
    let disk = Disk::of(ROOM)?;
    let ground = Ground { data: Some(disk.path().join("data")), ..Ground::default() };
    let (platform, user, _image) = blog("full", ground)?;
    let _settled = snapshot::settle(&user);
    let ballast = disk.fill()?;
    // More than the pages that the database has already.
    let large = format!("LARGE={}", "x".repeat(100_000));
    assert_snapshot!(user.mycli(&["config:set", &large, "-a", "blog"])?, @r"
    exit code 1
    out: Creating config...
    err: Error: The platform's disk is full. Nothing was changed, and apps that run are not affected.
    err:   The platform cannot do it at the moment; try again later.
    ");
    assert_snapshot!(transcript(&user, &["apps", "ps -a blog"])?, @r"
    $ mycli apps
    exit code 0
    out: === Apps
    out: blog

    $ mycli ps -a blog
    exit code 0
    out: === blog Processes
    out: --- cmd:
    out: blog-cmd-<release>-<name> up (v3)
    ");
    is_served(&platform, &user)?;
    let url = format!("{}/wait?0", platform.app_url("blog"));
    for id in 0..LINES {
        program::output(Command::new("curl").args(["-sS", "-d", "x", "-H", &format!("x-id: line-{id}")]).arg(&url))?;
    }
    drop(ballast);
    works_again(&user)?;
    wait::until("all lines are read", SOON, || {
        let log = user.does(&["logs", "-n", "1000", "-a", "blog"])?;
        Ok((0..LINES).all(|id| log.contains(&format!("POST line-{id}\n"))).then_some(()))
    })?;
    assert_snapshot!(transcript(&user, &["releases -a blog", "ps -a blog"])?, @r"
    $ mycli releases -a blog
    exit code 0
    out: === blog Releases
    out: v4	<time>	ana added AGAIN
    out: v3	<time>	ana added POWERED_BY
    out: v2	<time>	ana deployed slipway-test-full
    out: v1	<time>	ana created initial release

    $ mycli ps -a blog
    exit code 0
    out: === blog Processes
    out: --- cmd:
    out: blog-cmd-<release>-<name> up (v4)
    ");
    is_served(&platform, &user)
}
