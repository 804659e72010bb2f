//! Programs that are refused, and programs that do not prove good: everything returns to the one before.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
};

use anyhow::{Result, ensure};
use insta::{allow_duplicates, assert_snapshot};
use tests::{
    edition::Edition,
    program,
    standalone::Standalone,
    user::{Said, User},
};

use super::{OURS, PATIENCE, Stage, Work, note, rounds};

#[test]
fn what_must_not_run_as_root_is_refused() -> Result<()> {
    let stage = Stage::set("refusing")?;
    let _settled = stage.settle();
    let upgrade = |edition: &Edition| stage.upgrade(edition);
    let edition = Edition::numbered("9.9.9")?;
    fs::set_permissions(edition.path(), Permissions::from_mode(0o644))?;
    assert_snapshot!(upgrade(&edition)?, @"
    exit code 1
    err: Error: nothing was upgraded: $NEW/slipway cannot be executed: `chmod 755 $NEW/slipway`, if it is a program
    ");
    fs::set_permissions(edition.path(), Permissions::from_mode(0o775))?;
    assert_snapshot!(upgrade(&edition)?, @"
    exit code 1
    err: Error: nothing was upgraded: $NEW/slipway can be changed by others than root (mode 775), and it would run as root: if you trust it, `chmod go-w $NEW/slipway`
    ");
    fs::set_permissions(edition.path(), Permissions::from_mode(0o755))?;
    chown(edition.path(), Some(65534), None)?;
    assert_snapshot!(upgrade(&edition)?, @"
    exit code 1
    err: Error: nothing was upgraded: $NEW/slipway is the user 65534's, and it would run as root: if you trust it, `chown root:root $NEW/slipway`
    ");
    fs::remove_file(edition.path())?;
    assert_snapshot!(upgrade(&edition)?, @"
    exit code 1
    err: Error: nothing was upgraded: cannot open $NEW/slipway: No such file or directory (os error 2)
    ");
    fs::create_dir(edition.path())?;
    assert_snapshot!(upgrade(&edition)?, @"
    exit code 1
    err: Error: nothing was upgraded: $NEW/slipway is no regular file
    ");
    let stranger = Edition::of(&fs::read("/usr/bin/env")?)?;
    assert_snapshot!(upgrade(&stranger)?, @"
    exit code 1
    err: Error: nothing was upgraded: the new program is no slipway: `--version` does not print `slipway <version>`
    ");
    let same = program::ours("slipway")?.display().to_string();
    assert_snapshot!(stage.platform.slipway(&["upgrade", "--binary", &same])?, @"
    exit code 1
    err: Error: nothing to do: this program runs already
    ");
    assert_snapshot!(stage.platform.slipway(&["upgrade", "--rollback"])?, @"
    exit code 1
    err: Error: nothing was upgraded: cannot open $SLIPWAY.previous: No such file or directory (os error 2)
    ");
    ensure!(beside(&stage.platform)? == ["slipway"], "something was left: {:?}", beside(&stage.platform)?);
    stage.runs(OURS)
}

#[test]
fn a_program_that_does_not_prove_good_is_left_again() -> Result<()> {
    let stage = Stage::set("returning")?;
    let _settled = stage.settle();
    let load = stage.load();
    let work = Work::begin(&stage, User::new()?);
    for _ in 0..rounds(1, 4) {
        for (what, edition) in editions()? {
            note(&load, what);
            // Only where it has to be waited for is it worth while to wait for less.
            let patience = if what == "silent" { PATIENCE } else { "60" };
            let said = stage.platform.slipway(&["upgrade", "--binary", &edition.word(), "--patience", patience])?;
            allow_duplicates!(look(what, &said));
            stage.runs(OURS)?;
            ensure!(beside(&stage.platform)? == ["slipway"], "something was left: {:?}", beside(&stage.platform)?);
            let installed = fs::read(stage.platform.path("slipway"))?;
            ensure!(installed == fs::read(program::ours("slipway")?)?, "another program bears the name");
        }
    }
    let changes = work.end(&stage.user)?;
    ensure!(changes > 0, "no change was under way");
    let report = load.finish()?;
    assert!(report.failures.is_empty(), "{report}");
    Ok(())
}

/// Each of them is what a mistake in a new version would be: two parts of it do not agree.
fn editions() -> Result<Vec<(&'static str, Edition)>> {
    let mistakes = [
        ("supervisor", "supervisor.lock", "nowhere/at/lock"),
        ("controller", "--builder-key-hash-file", "--builder-key-hash-pile"),
        ("silent", "x-slipway-process", "x-slipway-procesz"),
        ("builder", "--host-keys", "--host-kegs"),
        ("router", "--table-key-file", "--table-key-pile"),
    ];
    mistakes.into_iter().map(|(what, word, other)| Ok((what, Edition::with("6.6.6", &[(word, other)])?))).collect()
}

/// What whoever upgrades sees.
fn look(what: &str, said: &Said) {
    match what {
        // Its supervisor cannot start.
        "supervisor" => assert_snapshot!(said, @"
            exit code 1
            out: program       is slipway 6.6.6 (<n> s)
            err: Error: nothing was upgraded: the supervisor ended (exit status: 1). Everything runs the program from before again.
            err:     Error: cannot open $PLATFORM/run/nowhere/at/lock: No such file or directory (os error 2)
        "),
        // Its controller ends at once.
        "controller" => assert_snapshot!(said, @"
            exit code 1
            out: program       is slipway 6.6.6 (<n> s)
            out: supervisor    serves (<n> s)
            err: Error: nothing was upgraded: the controller ended with exit code 2. Everything runs the program from before again.
            err:     error: unexpected argument '--builder-key-hash-pile' found
            err:       tip: a similar argument exists: '--builder-key-hash-file'
            err:     Usage: <usage>
            err:     For more information, try '--help'.
        "),
        // Its controller never becomes ready.
        "silent" => assert_snapshot!(said, @"
            exit code 1
            out: program       is slipway 6.6.6 (<n> s)
            out: supervisor    serves (<n> s)
            err: Error: nothing was upgraded: the controller did not serve within <n> s. Everything runs the program from before again.
            err:     {<lines of a journal>}
        "),
        // Its builder ends at once.
        "builder" => assert_snapshot!(said, @"
            exit code 1
            out: program       is slipway 6.6.6 (<n> s)
            out: supervisor    serves (<n> s)
            out: controller    serves (<n> s)
            err: Error: nothing was upgraded: the builder ended with exit code 2. Everything runs the program from before again.
            err:     error: unexpected argument '--host-kegs' found
            err:       tip: a similar argument exists: '--host-keys'
            err:     Usage: <usage>
            err:     For more information, try '--help'.
        "),
        // Its router ends at once.
        "router" => assert_snapshot!(said, @"
            exit code 1
            out: program       is slipway 6.6.6 (<n> s)
            out: supervisor    serves (<n> s)
            out: controller    serves (<n> s)
            out: builder       serves (<n> s)
            err: Error: nothing was upgraded: the router ended with exit code 2. Everything runs the program from before again.
            err:     error: unexpected argument '--table-key-pile' found
            err:       tip: a similar argument exists: '--table-key-file'
            err:     Usage: <usage>
            err:     For more information, try '--help'.
        "),
        _ => unreachable!("all of them are told"),
    }
}

/// What lies there by the name of the program.
fn beside(platform: &Standalone) -> Result<Vec<String>> {
    let program = platform.path("slipway");
    let folder = fs::read_dir(program.parent().unwrap_or(Path::new("/")))?;
    let mut names = Vec::new();
    for entry in folder {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.starts_with("slipway").then_some(name));
    }
    Ok(names)
}
