//! `git push`, with the real git and OpenSSH: from a commit to a release that runs, and everything that keeps it from there.

mod buildpacks;
mod canaries;
mod disk;
mod hostile;
mod images;
mod kills;
mod load;
mod many;
mod records;
mod refused;
mod registries;
mod story;

use std::time::Duration;

use anyhow::{Result, ensure};
use tests::{
    git::{self, Pushed, Repository},
    standalone::{Ground, Standalone},
    user::User,
};

/// What follows from a change within a moment.
const SOON: Duration = Duration::from_secs(15);

/// An app whose build takes hardly any time: a program of the stack serves on the port that the image names.
const SMALL: &str = "FROM slipway-stack\nWORKDIR /srv\nRUN echo Powered by Slipway >index.html\nEXPOSE 8000\n\
                     USER nobody\nCMD [\"python3\", \"-m\", \"http.server\", \"8000\"]\n";

/// A platform that takes pushes, and somebody who may push.
struct Stage {
    platform: Standalone,
    user: User,
}

impl Stage {
    fn set() -> Result<Self> {
        Self::set_on(Ground { stack: true, ..Ground::default() })
    }

    fn set_on(ground: Ground) -> Result<Self> {
        let platform = Standalone::start_on(ground)?;
        let user = User::registered(&platform.url())?;
        git::introduce(&user)?;
        Ok(Self { platform, user })
    }

    /// Makes the app, with a remote in that repository.
    fn create(&self, app: &str, repository: &Repository) -> Result<()> {
        self.user.does_in(repository.path(), &["create", app]).map(drop)
    }

    /// A new app of these files, not pushed yet.
    fn app(&self, app: &str, files: &[(&str, &str)]) -> Result<Repository> {
        let repository = Repository::with(&self.user, files)?;
        self.create(app, &repository)?;
        Ok(repository)
    }

    /// What the app answers to a GET of its root.
    fn answer(&self, app: &str) -> Result<(u16, String)> {
        self.user.curl(&self.platform.app_url(app))
    }

    fn is_served(&self, app: &str, text: &str) -> Result<()> {
        let answer = self.answer(app)?;
        ensure!(answer == (200, format!("{text}\n")), "{app}: {answer:?}");
        Ok(())
    }
}

/// A push that has to end well.
fn pushed(repository: &Repository) -> Result<Pushed> {
    let pushed = repository.push()?;
    ensure!(pushed.code == 0, "{pushed}");
    Ok(pushed)
}
