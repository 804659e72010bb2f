//! Parts of the platform die in the middle of pushes. Whoever pushes is never told of a success that did not come, the release
//! before serves on, and nothing is left lying about.

use std::{process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tests::{program, wait};

use super::{SMALL, SOON, Stage, pushed};

/// About as long as a small push takes.
const PUSH: u64 = 9000;
/// Within this time a platform of which something died has put everything in order again.
const ORDER: Duration = Duration::from_mins(1);

#[test]
fn a_push_in_which_something_dies() -> Result<()> {
    let mut stage = Stage::set()?;
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    pushed(&blog)?;
    let seed = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    for round in 0..if tests::prove() { 50 } else { 4 } {
        let before = releases(&stage)?;
        let text = format!("round {round}");
        blog.write("Dockerfile", &SMALL.replace("Slipway", &text))?;
        blog.commit(&text)?;
        let push = blog.begin_push()?;
        let (victim, moment) =
            (["builder", "controller", "supervisor", "client"][round % 4], dice.random_range(0..PUSH));
        println!("{text}: {victim} dies after {moment} ms");
        pass(moment)?;
        let push = if victim == "client" {
            kill(push)?
        } else {
            strike(&mut stage, victim)?;
            push
        };
        let output = push.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        in_order(&stage).with_context(|| format!("{text}: {said}"))?;
        let after = releases(&stage)?;
        ensure!(!output.status.success() || after > before, "{text}: a success without a release: {said}");
        let (status, body) = stage.answer("blog")?;
        ensure!(status == 200 && body.starts_with("Powered by "), "{text}: {status} {body}");
        // Whatever became of it, the next one gets there.
        blog.commit("Once more")?;
        pushed(&blog).with_context(|| format!("after {text}"))?;
        stage.is_served("blog", &format!("Powered by {text}"))?;
    }
    Ok(())
}

fn pass(milliseconds: u64) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(wait::pass(Duration::from_millis(milliseconds)));
    Ok(())
}

fn strike(stage: &mut Stage, victim: &str) -> Result<()> {
    match victim {
        "supervisor" => stage.platform.replace_supervisor()?,
        part => stage.platform.kill(part)?,
    }
    stage.platform.ready()
}

fn kill(mut push: std::process::Child) -> Result<std::process::Child> {
    push.kill()?;
    Ok(push)
}

fn releases(stage: &Stage) -> Result<usize> {
    Ok(stage.user.does(&["releases", "-a", "blog"])?.lines().filter(|line| line.starts_with('v')).count())
}

/// No build is under way any more, and nothing of one is left on the machine.
fn in_order(stage: &Stage) -> Result<()> {
    wait::until("every build has ended", ORDER, || {
        let builds = stage.user.does(&["builds", "-a", "blog"])?;
        let open = ["queued", "building", "deploying"].iter().any(|state| builds.contains(state));
        Ok((!open).then_some(()))
    })?;
    wait::until("nothing is left of builds", SOON, || {
        let links = program::output(Command::new("ip").args(["-brief", "link"]))?;
        let spaces = program::output(Command::new("ip").args(["netns"]))?;
        let clean = !links.contains("sw-b") && !spaces.contains("slipway-");
        Ok(clean.then_some(())).and_then(|clean| clean.map(Some).context(format!("{links}\n{spaces}")))
    })
}
