//! No request fails because of us: not in a deploy, a scale, an orderly restart, nor when a part is killed. Only what a killed
//! router had in its hands is lost.
//!
//! Each guarantee has one implementation and two sizes: a short one here, and the full one of `scripts/prove`.

use std::{ops::Range, time::Duration};

use anyhow::{Result, ensure};
use tests::{image::Image, load::Load, standalone::Standalone, user::User, wait};

/// What a request may have been sent after the router was killed and still have met the dying one: the time between two
/// looks at the clock, on a busy machine.
const AT_ONCE: Duration = Duration::from_millis(50);

/// A platform with an app of three instances.
struct Stage {
    platform: Standalone,
    user: User,
    _image: Image,
}

impl Stage {
    fn set(image: &str, words: &[&str]) -> Result<Self> {
        let image = Image::specimen(image, words, &[5000])?;
        let platform = Standalone::start()?;
        let user = User::registered(&platform.url())?;
        user.does(&["create", "busy", "--no-remote"])?;
        user.does(&["pull", &image.name, "-a", "busy"])?;
        user.does(&["scale", "cmd=3", "-a", "busy"])?;
        Ok(Self { platform, user, _image: image })
    }

    fn load(&self) -> Load {
        Load::start(self.platform.port(), "busy.localhost")
    }
}

/// How often to do it.
fn rounds(short: usize, full: usize) -> usize {
    if tests::prove() { full } else { short }
}

/// Says what happens when, so that a failure can be told apart.
#[expect(clippy::print_stdout, reason = "the runner shows it when the test fails")]
fn step<T>(load: &Load, what: &str, act: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("{:?} {what}", load.elapsed());
    act()
}

/// Lets requests come while nothing happens.
fn calm() {
    wait::let_pass(Duration::from_secs(1));
}

/// The app forgives nothing: who sends it a request before it says that it is ready gets an error, and SIGTERM ends what it
/// is doing.
#[test]
fn no_request_fails_while_an_app_changes() -> Result<()> {
    let stage = Stage::set("changing", &["delicate"])?;
    let user = &stage.user;
    let probe = ["healthchecks:set", "readiness", "httpGet", "5000", "--type", "cmd", "-a", "busy"];
    let often = ["--initial-delay-timeout", "0", "--period-seconds", "1", "--timeout-seconds", "1"];
    user.does(&[&probe[..], &often[..]].concat())?;
    let load = stage.load();
    for round in 0..rounds(2, 50) {
        let value = format!("POWERED_BY=round {round}");
        step(&load, "config:set", || user.does(&["config:set", &value, "-a", "busy"]))?;
        step(&load, "scale down", || user.does(&["scale", "cmd=1", "-a", "busy"]))?;
        step(&load, "scale up", || user.does(&["scale", "cmd=3", "-a", "busy"]))?;
        step(&load, "rollback", || user.does(&["rollback", "-a", "busy"]))?;
        step(&load, "ps:restart", || user.does(&["ps:restart", "-a", "busy"]))?;
    }
    let report = load.finish()?;
    assert!(report.failures.is_empty(), "{report}");
    Ok(())
}

#[test]
fn no_request_fails_while_parts_are_killed_and_restarted() -> Result<()> {
    let mut stage = Stage::set("surviving", &[])?;
    let load = stage.load();
    for _ in 0..rounds(2, 50) {
        step(&load, "controller killed", || stage.platform.kill("controller"))?;
        stage.platform.ready()?;
        step(&load, "supervisor killed", || stage.platform.replace_supervisor())?;
        step(&load, "router restarted", || stage.platform.restart("router"))?;
        step(&load, "controller restarted", || stage.platform.restart("controller"))?;
        calm();
    }
    let report = load.finish()?;
    assert!(report.failures.is_empty(), "{report}");
    Ok(())
}

#[test]
fn a_killed_router_costs_what_it_had_in_its_hands() -> Result<()> {
    let stage = Stage::set("bereft", &[])?;
    let load = stage.load();
    let mut kills = Vec::new();
    for _ in 0..rounds(3, 50) {
        calm();
        // A busy machine takes its time between the two.
        let before = load.elapsed();
        step(&load, "router killed", || stage.platform.kill("router"))?;
        kills.push(before..load.elapsed());
        stage.platform.ready()?;
        calm();
    }
    let report = load.finish()?;
    for failure in &report.failures {
        ensure!(!failure.what.contains("refused"), "a connection was refused: {report}");
        let in_flight =
            |kill: &Range<Duration>| failure.sent < kill.end + AT_ONCE && kill.start < failure.failed + AT_ONCE;
        ensure!(kills.iter().any(in_flight), "{} failed, killed at {kills:?}: {report}", failure.what);
    }
    Ok(())
}
