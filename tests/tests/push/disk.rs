//! The disk of the platform is full: whoever pushes is told, what runs is served on, and with room again pushes go on, without
//! anybody's help.

use std::time::Duration;

use anyhow::{Result, ensure};
use tests::{disk::Disk, standalone::Ground, wait};

use super::{SMALL, Stage, pushed};

/// Room for a platform with the stack image and what it makes of it.
const ROOM: u64 = 4 << 30;
/// Within this time it takes pushes again.
const SOON: Duration = Duration::from_mins(1);

#[test]
fn a_full_disk_refuses_a_push_in_words() -> Result<()> {
    let disk = Disk::of(ROOM)?;
    let data = Some(disk.path().join("data"));
    let stage = Stage::set_on(Ground { stack: true, data, ..Ground::default() })?;
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    pushed(&blog)?;

    let ballast = disk.fill()?;
    blog.write("Dockerfile", &SMALL.replace("Slipway", "v3"))?;
    blog.commit("Another")?;
    let said = blog.push()?;
    let words = ["disk", "No space", "no space", "room", "unavailable"];
    ensure!(said.code != 0 && words.iter().any(|word| said.text.contains(word)), "{said}");
    stage.is_served("blog", "Powered by Slipway")?;

    drop(ballast);
    wait::until("pushes go on", SOON, || {
        let said = blog.push()?;
        ensure!(said.code == 0, "{said}");
        Ok(Some(()))
    })?;
    stage.is_served("blog", "Powered by v3")
}
