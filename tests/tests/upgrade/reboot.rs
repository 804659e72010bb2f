//! Everything stops at once and is started again, as by a machine's reboot: all apps serve, and nobody gives a command.
//! The same where only the engine ends, one without `live-restore`, and takes all containers along.

use anyhow::Result;
use tests::{
    dockerd::Dockerd,
    image::Image,
    standalone::{Ground, Standalone},
    user::User,
    wait,
};

use super::{SOON, rounds};

/// Apps, and how many instances each has.
const APPS: [(&str, usize); 2] = [("blog", 1), ("shop", 3)];

/// A platform on an engine that both lose everything but what is on disk.
struct Machine {
    platform: Standalone,
    engine: Dockerd,
    user: User,
    _image: Image,
}

#[test]
fn after_a_cold_start_all_apps_serve_with_no_command_given() -> Result<()> {
    let mut machine = Machine::set("rebooting")?;
    for round in 0..rounds(2, 20) {
        machine.platform.lose_power()?;
        machine.engine.lose_power()?;
        if round % 2 == 0 {
            machine.engine.start_again()?;
            machine.platform.supervise()?;
        } else {
            machine.platform.supervise()?;
            // The engine comes when the platform has been up for a while, and has found none.
            machine.platform.ready()?;
            machine.engine.start_again()?;
        }
        machine.is_as_before()?;
    }
    Ok(())
}

#[test]
fn an_engine_that_takes_its_containers_along_brings_them_back() -> Result<()> {
    let mut machine = Machine::set("engine-restarted")?;
    for round in 0..rounds(2, 20) {
        if round % 2 == 0 {
            machine.engine.end()?;
        } else {
            machine.engine.kill()?;
        }
        machine.engine.start_again()?;
        machine.is_as_before()?;
    }
    Ok(())
}

impl Machine {
    fn set(image: &str) -> Result<Self> {
        let image = Image::specimen(image, &[], &[5000])?;
        let engine = Dockerd::without_live_restore()?;
        image.lend(&engine)?;
        let platform = Standalone::start_on(Ground { engine: Some(engine.socket()), ..Ground::default() })?;
        let user = User::registered(&platform.url())?;
        for (app, count) in APPS {
            user.does(&["create", app, "--no-remote"])?;
            user.does(&["pull", &image.name, "-a", app])?;
            user.does(&["config:set", &format!("POWERED_BY={app}"), "-a", app])?;
            user.does(&["scale", &format!("cmd={count}"), "-a", app])?;
        }
        Ok(Self { platform, engine, user, _image: image })
    }

    /// Each app answers, by as many instances as it was scaled to, and no more of them run.
    fn is_as_before(&self) -> Result<()> {
        self.platform.ready()?;
        let running =
            || Ok(self.engine.docker(&["ps", "--quiet"]).output()?.stdout.split(|byte| *byte == b'\n').count() - 1);
        for (app, count) in APPS {
            let answer = || self.user.curl(&self.platform.app_url(app));
            wait::until_equal(&(200, format!("Powered by {app}\n")), SOON, answer)?;
            wait::until_equal(&count, SOON, || Ok(self.user.does(&["ps", "-a", app])?.matches(" up (v").count()))?;
        }
        wait::until_equal(&APPS.iter().map(|(_, count)| count).sum::<usize>(), SOON, running)
    }
}
