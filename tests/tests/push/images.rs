//! Images that pushes made: the engine may lose them, the platform's registry has them still.

use std::process::Command;

use anyhow::Result;
use tests::{container, program};

use super::{SMALL, Stage, pushed};

#[test]
fn a_rollback_to_an_image_that_the_engine_has_lost() -> Result<()> {
    let stage = Stage::set()?;
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    pushed(&blog)?;
    let first = container::image(&stage.user, "blog")?;
    blog.write("Dockerfile", &SMALL.replace("Slipway", "v3"))?;
    blog.commit("Another")?;
    pushed(&blog)?;
    stage.is_served("blog", "Powered by v3")?;

    program::output(Command::new("docker").args(["image", "rm", "--force", &first]))?;
    stage.user.does(&["rollback", "v2", "-a", "blog"])?;
    stage.is_served("blog", "Powered by Slipway")
}
