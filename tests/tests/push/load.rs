//! An app that serves is not disturbed by its own push, nor by that of somebody else.

use anyhow::Result;
use tests::{image::Image, load::Load};

use super::{SMALL, Stage, pushed};

/// Keeps both processors busy for a while.
const BUSY: &str = "RUN timeout 8 sh -c 'while :; do :; done & while :; do :; done & while :; do :; done'; true\n";

#[test]
fn no_request_fails_while_others_build() -> Result<()> {
    let image = Image::specimen("push-load", &[], &[5000])?;
    let stage = Stage::set()?;
    stage.user.does(&["create", "busy", "--no-remote"])?;
    stage.user.does(&["pull", &image.name, "-a", "busy"])?;
    stage.user.does(&["scale", "cmd=2", "-a", "busy"])?;
    let other = stage.app("other", &[("Dockerfile", &format!("{SMALL}{BUSY}"))])?;
    let load = Load::start(stage.platform.port(), "busy.localhost");
    pushed(&other)?;
    let report = load.finish()?;
    assert!(report.failures.is_empty(), "{report}");
    Ok(())
}
