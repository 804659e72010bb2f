//! Somebody is killed in the midst of an upgrade: everything runs one program again, by itself or with the next supervisor.

use std::{process::Child, time::Duration};

use anyhow::{Context, Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rustix::process::{Pid, Signal, kill_process};
use tests::{
    edition::Edition,
    program,
    user::{Said, User},
    wait,
};

use super::{OURS, SOON, Stage, Work, note, rounds};

/// Longer than an upgrade takes.
const UPGRADE: u64 = 4000;
/// Who dies.
const VICTIMS: [&str; 4] = ["supervisor", "trial", "controller", "client"];

#[test]
fn whoever_dies_in_the_midst_of_an_upgrade_leaves_one_program() -> Result<()> {
    let mut stage = Stage::set("interrupted")?;
    let new = Edition::numbered("9.9.9")?;
    let seed = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut upgraded, mut returned) = (0, 0);
    let load = stage.load();
    let work = Work::begin(&stage, User::new()?);
    for round in 0..rounds(VICTIMS.len(), 40) {
        let before = stage.versions()?;
        let binary = if before == OURS { new.word() } else { program::ours("slipway")?.display().to_string() };
        let mut client = stage.platform.begin(&["upgrade", "--binary", &binary])?;
        let (victim, moment) = (VICTIMS[round % VICTIMS.len()], dice.random_range(100..UPGRADE));
        wait::let_pass(Duration::from_millis(moment));
        note(&load, &format!("round {round}: {victim} dies {moment} ms after the upgrade from {before} began"));
        strike(&mut stage, victim, &mut client)?;
        let said = Said::from(client.wait_with_output()?);
        note(&load, &said.to_string());
        ensure!(!said.err.contains("nothing was upgraded: cannot"), "the upgrade had not begun: {said}");
        let now = wait::until("one program runs everywhere", SOON, || {
            let versions = stage.versions()?;
            let status = stage.platform.status()?;
            // Who asked for an upgrade need not stay.
            let done = victim != "client" || versions != before;
            Ok((done && status["ready"] == true && status["trial"] == false).then_some(versions))
        });
        let now = now.with_context(|| stage.platform.journal())?;
        if now == before {
            returned += 1;
        } else {
            upgraded += 1;
        }
        note(&load, &format!("everything runs {now}"));
    }
    println!("{upgraded} upgraded, {returned} returned");
    work.end(&stage.user)?;
    let report = load.finish()?;
    assert!(report.failures.is_empty(), "{report}");
    Ok(())
}

impl Stage {
    /// The version that all parts run.
    fn versions(&self) -> Result<String> {
        let mut versions = self.platform.versions()?;
        ensure!(versions.len() == 4, "somebody does not run: {versions:?}");
        versions.dedup();
        ensure!(versions.len() == 1, "they run different versions: {versions:?}");
        versions.pop().context("no version")
    }
}

fn strike(stage: &mut Stage, victim: &str, client: &mut Child) -> Result<()> {
    match victim {
        // By hand or by systemd, it is started again.
        "supervisor" => stage.platform.replace_supervisor(),
        "trial" => {
            let status = stage.platform.status()?;
            let pid = status["supervisor"].as_i64().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
            match pid.filter(|_| status["trial"] == true) {
                Some(pid) => Ok(kill_process(pid, Signal::KILL)?),
                // It has ended, or not begun.
                None => Ok(()),
            }
        }
        "client" => {
            let begun = || Ok((stage.platform.status()?["trial"] == true).then_some(()));
            // An upgrade that was over by then has no client any more.
            let _over = wait::until("the upgrade has begun", Duration::from_secs(5), begun);
            Ok(client.kill()?)
        }
        // Where a supervisor makes room for another one, nobody tells its process.
        part => stage.platform.pid(part).map_or(Ok(()), |pid| Ok(kill_process(pid, Signal::KILL)?)),
    }
}
