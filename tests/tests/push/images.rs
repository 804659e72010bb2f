//! Images that pushes made: the engine may lose them, the platform's registry has them still.

use std::process::Command;

use anyhow::Result;
use tests::program;

use super::{SMALL, Stage, hostile::container_of, pushed};

#[test]
fn a_rollback_to_an_image_that_the_engine_has_lost() -> Result<()> {
    let stage = Stage::set()?;
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    pushed(&blog)?;
    let docker = |words: &[&str]| program::output(Command::new("docker").args(words));
    let first = docker(&["inspect", "--format", "{{.Image}}", &container_of("blog")?])?;
    blog.write("Dockerfile", &SMALL.replace("Slipway", "v3"))?;
    blog.commit("Another")?;
    pushed(&blog)?;
    stage.is_served("blog", "Powered by v3")?;

    docker(&["image", "rm", "--force", first.trim()])?;
    stage.user.does(&["rollback", "v2", "-a", "blog"])?;
    stage.is_served("blog", "Powered by Slipway")
}
