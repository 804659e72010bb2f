//! The platform is upgraded under load, returns from programs that do not prove good, and rises after everything has
//! stopped.

mod bad;
mod good;
mod killed;
mod reboot;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use insta::{Settings, internals::SettingsBindDropGuard};
use tests::{
    edition::Edition,
    image::Image,
    load::Load,
    standalone::Standalone,
    user::{Said, User},
};

/// The version that cargo builds.
const OURS: &str = env!("CARGO_PKG_VERSION");

/// How long a part of a new program may take to serve that is known to take for ever.
const PATIENCE: &str = "15";

/// Within this time a platform of which something died runs one program everywhere, and serves.
const SOON: Duration = Duration::from_mins(1);

/// A platform with an app of two instances, under load, while somebody works with it.
struct Stage {
    platform: Standalone,
    user: User,
    _image: Image,
}

impl Stage {
    fn set(image: &str) -> Result<Self> {
        let image = Image::specimen(image, &[], &[5000])?;
        let platform = Standalone::start()?;
        let user = User::registered(&platform.url())?;
        user.does(&["create", "busy", "--no-remote"])?;
        user.does(&["pull", &image.name, "-a", "busy"])?;
        user.does(&["scale", "cmd=2", "-a", "busy"])?;
        Ok(Self { platform, user, _image: image })
    }

    fn load(&self) -> Load {
        Load::start(self.platform.port(), "busy.localhost")
    }

    fn upgrade(&self, edition: &Edition) -> Result<Said> {
        self.platform.slipway(&["upgrade", "--binary", &edition.word()])
    }

    /// Supervisor, controller, builder and router run this version, and all of them serve. A part that has no time to answer
    /// on a busy machine gets another chance.
    fn runs(&self, version: &str) -> Result<()> {
        let versions = self.platform.versions()?;
        ensure!(versions == [version; 4], "wanted {version}, but they run {versions:?}");
        self.platform.ready()
    }

    /// What people see of upgrades, without what changes from run to run.
    fn settle(&self) -> SettingsBindDropGuard {
        let mut settings = Settings::clone_current();
        settings.add_filter(&self.platform.path("slipway").display().to_string(), "$$SLIPWAY");
        settings.add_filter(&self.platform.path("").display().to_string(), "$$PLATFORM/");
        settings.add_filter(r"/tmp/\.tmp\w+/", "$$NEW/");
        settings.add_filter(r"\(\d+\.\d s\)", "(<n> s)");
        settings.add_filter(r"in \d+ s\.", "in <n> s.");
        settings.add_filter(r"Usage: .*", "Usage: <usage>");
        settings.add_filter(r#"(?m)(^err:     \{"timestamp":.*\n)+"#, "err:     {<lines of a journal>}\n");
        settings.bind_to_scope()
    }
}

/// A user whose commands never end, and must all succeed: changes that roll, and questions in between.
struct Work {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<usize>>,
}

impl Work {
    fn begin(stage: &Stage, token: User) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, url) = (Arc::clone(&stop), stage.platform.url());
        let thread = thread::spawn(move || {
            let said = token
                .types(&["login", &url, "--username", "ana", "--password-stdin"], "correct horse battery staple\n")?;
            ensure!(said.code == 0, "{said}");
            let mut changes = 0;
            while !ended.load(Relaxed) {
                changes += 1;
                token.does(&["config:set", &format!("CHANGE_{changes}={changes}"), "-a", "busy"])?;
                token.does(&["ps", "-a", "busy"])?;
                token.does(&["releases", "-a", "busy"])?;
            }
            Ok(changes)
        });
        Self { stop, thread }
    }

    /// Ends it, and compares what was done with what is there: each change once, in a release of its own.
    fn end(self, user: &User) -> Result<usize> {
        self.stop.store(true, Relaxed);
        let changes = self.thread.join().ok().context("the user panicked")??;
        let config = user.does(&["config", "-a", "busy"])?;
        for change in 1..=changes {
            ensure!(config.contains(&format!("CHANGE_{change} ")), "change {change} was lost: {config}");
        }
        let releases = user.does(&["releases", "--limit", "10000", "-a", "busy"])?;
        let made = releases.matches("added CHANGE_").count();
        ensure!(made == changes, "{changes} changes made {made} releases: {releases}");
        Ok(changes)
    }
}

/// How often to do it.
fn rounds(short: usize, full: usize) -> usize {
    if tests::prove() { full } else { short }
}

/// Says what happens when, so that a failure can be told apart.
#[expect(clippy::print_stdout, reason = "the runner shows it when the test fails")]
fn note(load: &Load, what: &str) {
    println!("{:?} {what}", load.elapsed());
}
