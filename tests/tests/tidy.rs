//! What every source file keeps to, so that the next reader need not wonder. CONTRIBUTING.md tells why.

use std::fs;

use anyhow::{Result, ensure};
use tests::sources::{self, Source};

/// Longest file; a longer one holds more than one noun or verb.
const MAX_LINES: usize = 500;

/// Where time may pass: while a test waits for a condition until a deadline, and where the application that tests run is
/// told to take its time.
const SLEEPERS: [&str; 3] = ["tests/src/wait.rs", "tests/src/bin/specimen.rs", "tests/tests/tidy.rs"];

#[test]
fn every_file_says_why_it_exists() -> Result<()> {
    check("begins without //!", |source| {
        let broken = !source.text.starts_with("//! ");
        broken.then_some(1).into_iter().collect()
    })
}

#[test]
fn no_file_is_too_long() -> Result<()> {
    check("too long", |source| {
        let broken = source.text.lines().count() > MAX_LINES;
        broken.then_some(MAX_LINES).into_iter().collect()
    })
}

#[test]
fn no_test_sleeps() -> Result<()> {
    check("sleeps: wait for a condition with a deadline", |source| {
        let exempt = SLEEPERS.contains(&source.path.as_str());
        let sleeps = source.tests().filter(|(_, code)| !exempt && code.contains("sleep("));
        sleeps.map(|(line, _)| line).collect()
    })
}

/// Files that may name a shell: the tenants' own in their own containers and in those of their builds, the one that the user
/// of a stack image has, what the platform in memory takes for one, and the extensions that a program's name may end with.
const SHELLS: [&str; 6] = [
    "builder/src/build/pack/mod.rs",
    "builder/src/build/pack/select.rs",
    "builder/src/build/stack.rs",
    "cli/src/name.rs",
    "controller/src/platform/memory/script.rs",
    "controller/src/workload.rs",
];

/// A tenant's command runs by `bash -c` in the tenant's own container; nothing else meets a shell.
#[test]
fn nobody_gives_a_string_to_a_shell() -> Result<()> {
    let shells = ["\"sh\"", "\"bash\"", "/sh\"", "/bash\""];
    check("gives a string to a shell", |source| {
        let exempt = SHELLS.contains(&source.path.as_str());
        let shell = |code: &str| !exempt && shells.iter().any(|name| code.contains(name));
        source.production().filter(|(_, code)| shell(code)).map(|(line, _)| line).collect()
    })
}

/// What `scripts/prove` would prove is there.
#[test]
fn every_guarantee_is_a_test() -> Result<()> {
    let sources = sources::all()?;
    let list = fs::read_to_string(sources::repository().join("scripts/guarantees"))?;
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
        let test = format!("fn {}(", columns.nth(1).unwrap_or_default());
        ensure!(sources.iter().any(|source| source.text.contains(&test)), "there is no test for: {line}");
    }
    Ok(())
}

/// Applies a rule to every source; the rule answers the lines that break it.
fn check(complaint: &str, rule: impl Fn(&Source) -> Vec<usize>) -> Result<()> {
    let mut wrong = Vec::new();
    for source in sources::all()? {
        wrong.extend(rule(&source).iter().map(|line| format!("{}:{line}: {complaint}", source.path)));
    }
    assert_eq!(wrong, Vec::<String>::new());
    Ok(())
}
