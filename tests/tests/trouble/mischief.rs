//! The engine answers, but not as it should: now and then it refuses, breaks off, is silent, or says that it did not do what it did.

use anyhow::{Result, ensure};
use tests::{container, engine::Engine, load::Load, prove, standalone::Ground, wait};

use crate::{SOON, blog, works_again};

#[test]
fn whatever_the_engine_answers_nothing_that_serves_is_removed() -> Result<()> {
    let mut engine = Engine::reach()?;
    let ground = Ground { engine: Some(engine.socket()), ..Ground::default() };
    let (platform, user, _image) = blog("mischief", ground)?;
    let load = Load::start(platform.port(), "blog.localhost");
    let mischief = engine.errs()?;
    let rounds = if prove() { 40 } else { 2 };
    for round in 0..rounds {
        for words in [
            &["config:set", &format!("ROUND={round}"), "-a", "blog"][..],
            &["scale", &format!("cmd={}", 1 + round % 3), "-a", "blog"],
            &["ps:restart", "-a", "blog"],
        ] {
            // It may be refused. What matters is what becomes of the app.
            let said = user.mycli(words)?;
            tests::tell(&format!("{words:?}: {said}"));
            ensure!(said.code == 0 || said.err.starts_with("Error: "), "{words:?}: {said}");
        }
    }
    engine.comes_back()?;
    works_again(&user)?;
    user.does(&["scale", "cmd=2", "-a", "blog"])?;
    let uuid = container::uuid(&user, "blog")?;
    let as_wanted = || {
        let up = user.does(&["ps", "-a", "blog"])?.matches(" up ").count();
        Ok((up, container::everything_of(&uuid)?.len()))
    };
    // Two instances and the network.
    wait::until_equal(&(2, 3), SOON * 2, as_wanted)?;
    let report = load.finish()?;
    ensure!(report.failures.is_empty(), "{report}");
    let (asked, hurt) = mischief.counts();
    ensure!(hurt > rounds, "only {hurt} of {asked} requests met a fault");
    tests::tell(&format!("{hurt} of {asked} requests met a fault; {} visits, none failed", report.sent));
    Ok(())
}
