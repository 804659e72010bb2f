//! An app that serves is not disturbed by the builds of others.

use std::time::Duration;

use anyhow::Result;
use tests::{image::Image, load::Load, wait};

use super::{SMALL, Stage, pushed};

/// Keeps more processors busy than there are, for so many seconds.
fn busy(seconds: u64) -> String {
    format!(
        "FROM slipway-stack\nRUN for i in 1 2 3 4; do timeout {seconds} sh -c 'while :; do :; done' & done; wait; true\n{}",
        SMALL.replace("FROM slipway-stack\n", "")
    )
}

/// Timing is compared only at full size, on a machine that does nothing else: p99 during a build at most doubles.
#[test]
fn no_request_fails_while_others_build() -> Result<()> {
    let seconds = if tests::prove() { 60 } else { 8 };
    let image = Image::specimen("push-load", &[], &[5000])?;
    let stage = Stage::set()?;
    stage.user.does(&["create", "busy", "--no-remote"])?;
    stage.user.does(&["pull", &image.name, "-a", "busy"])?;
    stage.user.does(&["scale", "cmd=2", "-a", "busy"])?;
    let other = stage.app("other", &[("Dockerfile", &busy(seconds))])?;
    let load = || Load::start(stage.platform.port(), "busy.localhost");
    let calm = load();
    wait::let_pass(Duration::from_secs(seconds));
    let calm = calm.finish()?;
    let during = load();
    pushed(&other)?;
    let during = during.finish()?;
    println!("p99 beyond the app's own time: {:?} at rest, {:?} during a build", calm.p99(), during.p99());
    assert!(calm.failures.is_empty() && during.failures.is_empty(), "{calm}{during}");
    assert!(!tests::prove() || during.p99() <= calm.p99() * 2, "{:?} became {:?}", calm.p99(), during.p99());
    Ok(())
}
