//! What the platform stands on goes away: users get one clear line, apps are served on, nothing is lost, and all is as
//! before when it is back, without anybody's help.

mod database;
mod disk;
mod engine;
mod mischief;
mod outages;
mod scarce;

use std::{fmt::Write, time::Duration};

use anyhow::{Result, ensure};
use tests::{
    image::Image,
    standalone::{Ground, Standalone},
    user::User,
    wait,
};

/// Within this time all is as before: the platform tries again with growing pauses.
const SOON: Duration = Duration::from_secs(30);

/// A platform on that ground, and somebody with an app on it.
fn blog(image: &str, ground: Ground) -> Result<(Standalone, User, Image)> {
    let image = Image::specimen(image, &[], &[5000])?;
    let platform = Standalone::start_on(ground)?;
    let user = User::registered(&platform.url())?.impatient();
    user.does(&["create", "blog", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "blog"])?;
    user.does(&["config:set", "POWERED_BY=trouble", "-a", "blog"])?;
    Ok((platform, user, image))
}

/// What a user sees who types these lines, one after the other.
fn transcript(user: &User, lines: &[&str]) -> Result<String> {
    let mut text = String::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        writeln!(text, "$ mycli {line}\n{}", user.mycli(&words)?)?;
    }
    Ok(text)
}

/// The app answers as it did.
fn is_served(platform: &Standalone, user: &User) -> Result<()> {
    let answer = user.curl(&platform.app_url("blog"))?;
    ensure!(answer == (200, "Powered by trouble\n".to_owned()), "{answer:?}");
    Ok(())
}

/// The user's next change succeeds, soon and without anybody's help.
fn works_again(user: &User) -> Result<()> {
    wait::until("the app changes again", SOON, || {
        let said = user.mycli(&["config:set", "AGAIN=1", "-a", "blog"])?;
        Ok((said.code == 0).then_some(()))
    })
}
