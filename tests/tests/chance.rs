//! Parts are killed at moments that nobody chose, in the middle of every kind of change. What a command said it did is done, and
//! done once; the app serves all the time; and on the engine is what should be, and nothing else.
//!
//! The same at every single step, on the platform in memory: `controller/tests/guarantees/steps.rs`.

use std::{thread, time::Duration};

use anyhow::{Context, Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tests::{
    container,
    image::Image,
    load::Load,
    standalone::Standalone,
    user::{Said, User},
    wait,
};

/// Within this time all is as it was asked for.
const CONVERGED: Duration = Duration::from_mins(1);
/// Longer than any of these changes takes.
const CHANGE: u64 = 1500;
/// Who dies; one of them in each round.
const VICTIMS: [&str; 3] = ["controller", "controller", "postgres"];

/// A platform, and what has been asked of it.
struct Story {
    platform: Standalone,
    user: User,
    image: Image,
    releases: usize,
    instances: usize,
    round: usize,
    dice: StdRng,
}

#[test]
fn what_was_asked_for_is_done_once_whenever_the_controller_dies() -> Result<()> {
    let mut story = Story::begin()?;
    let load = Load::start(story.platform.port(), "blog.localhost");
    for round in 0..if tests::prove() { 100 } else { 6 } {
        story.round = round;
        match round % 6 {
            0 => story.release(&["config:set", &format!("ROUND={round}"), "-a", "blog"])?,
            1 => story.scale()?,
            2 => story.release(&["pull", &story.image.name.clone(), "-a", "blog"])?,
            3 => story.domain()?,
            4 => story.release(&["rollback", "-a", "blog"])?,
            _ => story.come_and_go()?,
        }
    }
    let report = load.finish()?;
    ensure!(report.failures.is_empty(), "{report}");
    tests::tell(&format!("{} requests, none failed", report.sent));
    Ok(())
}

impl Story {
    /// An app of two instances.
    fn begin() -> Result<Self> {
        let image = Image::specimen("chance", &[], &[5000])?;
        let platform = Standalone::start()?;
        let user = User::registered(&platform.url())?;
        user.does(&["create", "blog", "--no-remote"])?;
        user.does(&["pull", &image.name, "-a", "blog"])?;
        user.does(&["scale", "cmd=2", "-a", "blog"])?;
        let seed = rand::random();
        tests::tell(&format!("seed {seed}"));
        let dice = StdRng::seed_from_u64(seed);
        Ok(Self { platform, user, image, releases: 2, instances: 2, round: 0, dice })
    }

    /// Somebody dies at a random moment of this command, which has to succeed all the same.
    fn disturbed(&mut self, words: &[&str]) -> Result<()> {
        let victim = VICTIMS[self.dice.random_range(0..VICTIMS.len())];
        let moment = self.dice.random_range(0..CHANGE);
        tests::tell(&format!("round {}: {words:?}, {victim} dies after {moment} ms", self.round));
        let said = thread::scope(|scope| {
            let command = scope.spawn(|| self.user.mycli(words));
            wait::let_pass(Duration::from_millis(moment));
            self.platform.kill(victim)?;
            self.platform.ready()?;
            command.join().ok().context("the command panicked")?
        });
        let said: Said = said?;
        ensure!(said.code == 0, "{words:?}: {said}\n{}", self.platform.journal());
        Ok(())
    }

    /// A change that makes a release: exactly one.
    fn release(&mut self, words: &[&str]) -> Result<()> {
        self.disturbed(words)?;
        self.releases += 1;
        self.is_as_wanted()
    }

    fn scale(&mut self) -> Result<()> {
        self.instances = 5 - self.instances;
        self.disturbed(&["scale", &format!("cmd={}", self.instances), "-a", "blog"])?;
        self.is_as_wanted()
    }

    fn domain(&mut self) -> Result<()> {
        let domain = format!("round-{}.example.com", self.round);
        self.disturbed(&["domains:add", &domain, "-a", "blog"])?;
        let listed = self.user.does(&["domains:list", "-a", "blog"])?;
        ensure!(listed.matches(&domain).count() == 1, "{listed}");
        self.disturbed(&["domains:remove", &domain, "-a", "blog"])?;
        let listed = self.user.does(&["domains:list", "-a", "blog"])?;
        ensure!(!listed.contains(&domain), "{listed}");
        self.is_as_wanted()
    }

    /// Another app, from its beginning to its end.
    fn come_and_go(&mut self) -> Result<()> {
        let (app, image) = (format!("guest-{}", self.round), self.image.name.clone());
        self.disturbed(&["create", &app, "--no-remote"])?;
        let uuid = container::uuid(&self.user, &app)?;
        self.disturbed(&["pull", &image, "-a", &app])?;
        let served = || Ok(self.user.curl(&self.platform.app_url(&app))?.0);
        wait::until_equal(&200, CONVERGED, served)?;
        self.disturbed(&["destroy", "-a", &app, "--confirm", &app])?;
        wait::until_equal(&Vec::new(), CONVERGED, || container::everything_of(&uuid))?;
        self.is_as_wanted()
    }

    /// The releases that were asked for, and instances of the last one: as many as wanted and nothing beside them.
    fn is_as_wanted(&self) -> Result<()> {
        let listed = self.user.does(&["releases", "-a", "blog"])?;
        let first = listed.lines().find(|line| line.starts_with('v')).unwrap_or_default();
        ensure!(first.starts_with(&format!("v{}\t", self.releases)), "not v{}: {listed}", self.releases);
        let uuid = container::uuid(&self.user, "blog")?;
        let instances = || {
            let ps = self.user.does(&["ps", "-a", "blog"])?;
            let up = ps.matches(&format!(" up (v{})", self.releases)).count();
            Ok((up, container::everything_of(&uuid)?.len()))
        };
        // The app's network is one, too.
        wait::until_equal(&(self.instances, self.instances + 1), CONVERGED, instances)
    }
}
