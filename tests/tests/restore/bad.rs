//! What is not good is not called good, and not restored.

use std::{fs, path::Path, process::Command};

use anyhow::{Result, ensure};
use insta::{Settings, assert_snapshot};
use tempfile::TempDir;
use tests::{
    image::Image,
    program,
    standalone::Standalone,
    user::{Said, User},
};

use super::{Files, changed};

/// Another installation on this machine.
const BESIDE: &str = "e2e-beside";

#[test]
fn what_is_not_whole_is_refused_in_words() -> Result<()> {
    let image = Image::specimen("refused", &[], &[5000])?;
    let mut platform = Standalone::start()?;
    let user = User::registered(&platform.url())?;
    user.does(&["create", "shop", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "shop"])?;
    let files = Files::new()?;
    files.back_up(&platform)?;
    let _settled = settle(&files, &platform);
    let restores = |platform: &Standalone, data: &str, keys: &str| files.does(platform, data, keys, &["restore"]);
    assert_snapshot!(verdict(&restores(&platform, "data", "keys")?), @"
    exit code 1
    Error: there is an installation already: <installation>/config is not empty. Restore on a machine without one; or remove this one (`slipway purge --name e2e`); or restore beside it, with --name, --config-dir, --data-dir and --run-dir of its own
    ");
    assert_snapshot!(verdict(&files.does(&platform, "data", "keys", &["restore", "--check"])?), @"
    exit code 0
    Good: <folder>/data (<size>), made <time>. Apps: 1, releases: 2, images: 1, repositories: 0.
    It can be restored with these keys.
    ");

    // Beside the one that runs: both would call the same containers theirs.
    let folder = TempDir::new()?;
    let beside = restored_to(&platform, &files, folder.path())?;
    ensure!(fs::read_dir(folder.path())?.next().is_none(), "something was left");
    assert_snapshot!(verdict(&beside), @"
    exit code 1
    Error: the container engine runs 1 containers of this very installation: two of it would fight over them. Where it is no longer wanted, `slipway purge` removes it
    ");

    spoil(&files)?;
    platform.burn()?;
    assert_snapshot!(verdict(&restores(&platform, "cut", "keys")?), @"
    exit code 1
    Error: <folder>/cut cannot be restored: it is cut off, or no backup: it has no manifest.json
    ");
    assert_snapshot!(verdict(&restores(&platform, "flipped", "keys")?), @"
    exit code 1
    Error: <folder>/flipped cannot be restored: it was changed or is damaged: the checksum of images-0.tar.gz is not what its manifest says
    ");
    assert_snapshot!(verdict(&restores(&platform, "data", "half")?), @"
    exit code 1
    Error: <folder>/half is cut off, or holds no keys
    ");
    assert_snapshot!(verdict(&restores(&platform, "data", "data")?), @"
    exit code 1
    Error: <folder>/data is cut off, or holds no keys
    ");
    assert_snapshot!(verdict(&files.does(&platform, "cut", "keys", &["restore", "--check"])?), @"
    exit code 1
    Error: <folder>/cut cannot be restored: it is cut off, or no backup: it has no manifest.json
    ");
    ensure!(!platform.path("config").exists() && !platform.path("data").exists(), "something was left");

    fails_half_way(&platform, &files)?;

    // Keys of another installation.
    let other = Standalone::start()?;
    let others = Files::new()?;
    others.back_up(&other)?;
    fs::copy(others.path("keys"), files.path("others"))?;
    assert_snapshot!(verdict(&restores(&platform, "data", "others")?), @"
    exit code 1
    Error: <folder>/data cannot be restored: the keys are those of another installation (<uuid>, not <uuid>)
    ");
    ensure!(restores(&platform, "data", "keys")?.code == 0, "the good one is restored");
    platform.rise()
}

/// Copies that are cut off or damaged.
fn spoil(files: &Files) -> Result<()> {
    let length = usize::try_from(fs::metadata(files.path("data"))?.len())?;
    changed(&files.path("data"), &files.path("cut"), |content| content.truncate(length / 2))?;
    changed(&files.path("data"), &files.path("flipped"), |content| content[length / 2] ^= 1)?;
    changed(&files.path("keys"), &files.path("half"), |content| content.truncate(100))
}

/// What would make the copy worthless is noticed while it is made: the file that was there stays, and none is added.
#[test]
fn a_backup_that_cannot_be_restored_is_not_called_good() -> Result<()> {
    let platform = Standalone::start()?;
    let user = User::registered(&platform.url())?;
    user.does(&["create", "shop", "--no-remote"])?;
    let files = Files::new()?;
    let _settled = settle(&files, &platform);
    files.back_up(&platform)?;
    let before = fs::read(files.path("data"))?;
    let backs_up = || files.does(&platform, "data", "keys", &["backup"]);

    // A view that calls what only the original has: dumped without complaint, and restored never.
    sql(
        &platform,
        "create schema elsewhere; create function elsewhere.one() returns integer language sql as 'select 1'",
    )?;
    sql(
        &platform,
        "create function number() returns integer language sql immutable as 'select one()' set search_path = elsewhere",
    )?;
    sql(&platform, "create table broken (id integer, check (id = number())); insert into broken values (1)")?;
    sql(&platform, "create or replace function elsewhere.one() returns integer language sql as 'select 2'")?;
    assert_snapshot!(verdict(&backs_up()?), @r#"
    exit code 1
    Error: the backup was not kept, because it cannot be restored: the copy of the database cannot be restored: `<programs>/pg_restore` failed (exit status: 1): pg_restore: error: COPY failed for table "broken": ERROR:  new row for relation "broken" violates check constraint "broken_id_check"
    DETAIL:  Failing row contains (1).
    CONTEXT:  COPY broken, line 1: "1"
    "#);
    sql(&platform, "drop table broken; drop function number; drop schema elsewhere cascade")?;

    // The key that is about to be saved is not the one of the database.
    let key = fs::read_to_string(platform.path("config/key"))?;
    fs::write(platform.path("config/key"), format!("0badc0de {}\n", "1".repeat(64)))?;
    assert_snapshot!(verdict(&backs_up()?), @"
    exit code 1
    Error: the backup was not kept, because it cannot be restored: the key is not the one this database was made with: it was sealed with key <id>, which the key file does not hold
    ");
    fs::write(platform.path("config/key"), key)?;

    assert_eq!(files.names()?, ["data", "keys"]);
    ensure!(fs::read(files.path("data"))? == before, "the good one is gone");
    files.back_up(&platform)?;
    Ok(())
}

/// A disk without room is told of, and nothing of the try is left.
#[test]
fn a_full_disk_is_told_in_words() -> Result<()> {
    let platform = Standalone::start()?;
    User::registered(&platform.url())?;
    let disk = tests::disk::Disk::of(64 << 10)?;
    let files = Files::new()?;
    let _settled = settle(&files, &platform);
    let target = disk.path().display().to_string();
    let said = platform.slipway(&["backup", &target, "--keys", &files.text("keys")])?;
    let words = verdict(&said).replace(&target, "<disk>");
    assert_snapshot!(words, @"
    exit code 1
    Error: the database cannot be copied: cannot take what `<programs>/pg_dump` writes: no room is left on the disk of <disk>; make some, or name another place
    ");
    ensure!(fs::read_dir(disk.path())?.next().is_none() && files.names()?.is_empty(), "something was left");
    Ok(())
}

/// Where everything but the database has room: all that was put in place goes away again.
fn fails_half_way(platform: &Standalone, files: &Files) -> Result<()> {
    let disk = tests::disk::Disk::of(16 << 20)?;
    let said = restored_to(platform, files, disk.path())?;
    ensure!(said.code == 1 && said.err.contains("No space left on device"), "{said}");
    ensure!(fs::read_dir(disk.path())?.next().is_none(), "something was left: {said}");
    let user = Command::new("getent").args(["passwd", "--", &format!("{BESIDE}-controller")]).output()?;
    ensure!(!user.status.success(), "a user was left: {said}");
    Ok(())
}

/// Restores into other folders and under another name.
fn restored_to(platform: &Standalone, files: &Files, folder: &Path) -> Result<Said> {
    let mut command = Command::new(platform.path("slipway"));
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").args(["restore", "--name", BESIDE]);
    for root in ["config", "data", "run"] {
        command.arg(format!("--{root}-dir")).arg(folder.join(root));
    }
    command.arg(files.path("data")).arg("--keys").arg(files.path("keys"));
    Ok(Said::from(command.output()?))
}

/// Runs SQL in the platform's database, as its owner.
fn sql(platform: &Standalone, text: &str) -> Result<()> {
    let host = platform.path("run/postgres").display().to_string();
    let arguments = ["-h", &host, "-U", "slipway", "-d", "slipway", "-v", "ON_ERROR_STOP=1", "-c", text];
    program::output(Command::new("psql").args(arguments)).map(drop)
}

/// The outcome, without how far things were when it came.
fn verdict(said: &Said) -> String {
    let error = said.err.lines().skip_while(|line| !line.starts_with("Error: ")).collect::<Vec<_>>().join("\n");
    format!("exit code {}\n{}{error}", said.code, said.out)
}

fn settle(files: &Files, platform: &Standalone) -> insta::internals::SettingsBindDropGuard {
    let mut settings = Settings::clone_current();
    settings.add_filter(&files.text(""), "<folder>/");
    settings.add_filter(&platform.path("").display().to_string(), "<installation>/");
    settings.add_filter(r"/tmp/slipway-e2e\.\w+/", "<installation>/");
    settings.add_filter(r"/tmp/slipway-check\.\w+/", "<scratch>/");
    settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>");
    settings.add_filter(r"e2e-\d+", "e2e");
    settings.add_filter(r"/usr/lib/postgresql/\d+/bin/", "<programs>/");
    settings.add_filter(r"with key [0-9a-f]{8}", "with key <id>");
    settings.add_filter(r"\d+\.\d [kM]B", "<size>");
    settings.add_filter(r"made \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "made <time>");
    settings.bind_to_scope()
}
