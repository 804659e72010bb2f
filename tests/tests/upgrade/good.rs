//! Upgrades that succeed, and the ones back.

use anyhow::{Result, ensure};
use insta::{allow_duplicates, assert_snapshot};
use tests::{edition::Edition, user::User};

use super::{OURS, Stage, Work, note, rounds};

#[test]
fn an_upgrade_fails_no_request_and_loses_no_operation() -> Result<()> {
    let stage = Stage::set("upgraded")?;
    let _settled = stage.settle();
    let new = Edition::numbered("9.9.9")?;
    let load = stage.load();
    let work = Work::begin(&stage, User::new()?);
    for round in 0..rounds(2, 20) {
        let before = stage.platform.status()?["supervisor"].clone();
        note(&load, &format!("round {round}: upgrade"));
        let said = stage.upgrade(&new)?;
        allow_duplicates!(assert_snapshot!(said, @"
        exit code 0
        out: program       is slipway 9.9.9 (<n> s)
        out: supervisor    serves (<n> s)
        out: controller    serves (<n> s)
        out: builder       serves (<n> s)
        out: router        serves (<n> s)
        out: Upgraded from 0.1.0 to 9.9.9 in <n> s.
        out: 0.1.0 is kept as $SLIPWAY.previous; `slipway upgrade --rollback` returns to it.
        "));
        stage.runs("9.9.9")?;
        ensure!(new.is(&stage.platform.path("slipway"))?, "another program bears the name");
        ensure!(stage.platform.status()?["supervisor"] == before, "it is the process that systemd knows");
        note(&load, "rollback");
        let said = stage.platform.slipway(&["upgrade", "--rollback"])?;
        allow_duplicates!(assert_snapshot!(said, @"
        exit code 0
        out: program       is slipway 0.1.0 (<n> s)
        out: supervisor    serves (<n> s)
        out: controller    serves (<n> s)
        out: builder       serves (<n> s)
        out: router        serves (<n> s)
        out: Upgraded from 9.9.9 to 0.1.0 in <n> s.
        out: 9.9.9 is kept as $SLIPWAY.previous; `slipway upgrade --rollback` returns to it.
        "));
        stage.runs(OURS)?;
        ensure!(new.is(&stage.platform.path("slipway.previous"))?, "the one before is another");
    }
    let changes = work.end(&stage.user)?;
    ensure!(changes > 0, "no change was under way");
    let report = load.finish()?;
    assert!(report.failures.is_empty(), "{report}");
    Ok(())
}
