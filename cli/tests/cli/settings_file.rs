//! The settings file holds a token: who may read it, and what happens when it cannot be written.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    disk::Disk,
    harness::{BINARY, World, mode, prove},
};

async fn with_controller() -> World {
    let world = World::new().await;
    world.answers("GET", "/v2/", 401, json!({})).await;
    world.answers("POST", "/v2/auth/login/", 200, json!({"token": "fresh"})).await;
    world
}

fn login(world: &World) -> String {
    world.run(&format!("login {} --username admin --password secret", world.server.uri()))
}

#[tokio::test]
async fn no_umask_opens_it() {
    let world = with_controller().await;
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 000; exec \"$@\"", "sh", BINARY, "login", &world.server.uri()]);
    shell.args(["--username", "admin", "--password", "secret"]).env_clear().env("HOME", world.home.path());
    assert!(shell.output().unwrap().status.success());
    assert_eq!(mode(&world.settings()), 0o600);
    assert_eq!(mode(world.settings().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn what_others_could_read_is_closed() {
    let world = with_controller().await;
    world.write_settings(&json!({"controller": "http://old", "token": "old"}));
    fs::set_permissions(world.settings(), Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(world.settings().parent().unwrap(), Permissions::from_mode(0o777)).unwrap();
    login(&world);
    assert_eq!(mode(&world.settings()), 0o600);
    assert_eq!(mode(world.settings().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_folder_of_the_users_choice_stays_as_it_is() {
    let world = with_controller().await;
    fs::set_permissions(world.home.path(), Permissions::from_mode(0o755)).unwrap();
    world.run(&format!("-c ./mine.json login {} --username admin --password secret", world.server.uri()));
    assert_eq!(mode(world.home.path()), 0o755);
    assert_eq!(mode(&world.home.path().join("mine.json")), 0o600);
}

#[tokio::test]
async fn a_link_is_replaced_and_not_followed() {
    let world = with_controller().await;
    let victim = world.home.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    fs::create_dir(world.settings().parent().unwrap()).unwrap();
    symlink(&victim, world.settings()).unwrap();
    login(&world);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    assert!(fs::symlink_metadata(world.settings()).unwrap().is_file());
}

#[tokio::test]
async fn nothing_is_left_beside_it() {
    let world = with_controller().await;
    login(&world);
    login(&world);
    let folder = fs::read_dir(world.settings().parent().unwrap()).unwrap();
    let names: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["client.json"]);
}

#[tokio::test]
async fn a_login_that_cannot_be_kept_has_failed() {
    let world = with_controller().await;
    fs::write(world.home.path().join(".mycli"), "in the way").unwrap();
    assert_snapshot!(login(&world), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: cannot write the settings to $HOME/.mycli/client.json: File exists (os error 17)
      You are not logged in: without the file the token is lost.
    ");
}

#[tokio::test]
async fn damaged_settings() {
    let world = World::new().await;
    world.write_settings(&json!({"token": 1}));
    assert_snapshot!(world.run("apps"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: $HOME/.mycli/client.json is not a settings file: something else was expected at line 1 column 10
      Remove it and log in again, or name another one with -c.
    ");
}

#[tokio::test]
async fn no_home() {
    let world = World::new().await;
    let output = world.command().arg("apps").env_remove("HOME").output().unwrap();
    assert_snapshot!(world.shown(&output), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: HOME is not set, so there is no place for the settings
      Set HOME, or name a settings file: mycli -c /path/to/settings.json ...
    ");
}

/// As large as a settings file never is, so that there is a middle.
const LARGE: usize = 1 << 18;

/// A large settings file with a token of before, for its owner's eyes only, and nothing beside it.
fn write_old(world: &World, size: usize) {
    let _ = fs::remove_dir_all(world.settings().parent().unwrap());
    world.write_settings(&json!({
        "username": "admin", "controller": world.server.uri(), "token": "old", "padding": "x".repeat(size),
    }));
    fs::set_permissions(world.settings(), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(world.settings().parent().unwrap(), Permissions::from_mode(0o700)).unwrap();
}

/// What lies in the folder of the settings beside them: the sizes of drafts.
fn drafts(world: &World) -> Vec<u64> {
    let entries = fs::read_dir(world.settings().parent().unwrap()).unwrap().flatten();
    let others = entries.filter(|entry| entry.file_name() != "client.json");
    others.map(|entry| entry.metadata().unwrap().len()).collect()
}

/// When a program is killed that writes its settings.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// When it has written so many bytes and goes on: by the signal that a limit of the size of files sends.
    At(u64),
    /// So long after it began: by SIGKILL.
    After(Duration),
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_the_whole_file() {
    let rounds = if prove() { 200 } else { 20 };
    let world = with_controller().await;
    world.answers("POST", "/v2/auth/tokens/", 200, json!({"token": "fresh"})).await;
    write_old(&world, LARGE);
    let start = Instant::now();
    assert!(world.command().arg("auth:regenerate").output().unwrap().status.success());
    let undisturbed = start.elapsed();
    let (mut cut, mut begun, mut replaced) = (0, 0, 0);
    for round in 0..rounds {
        write_old(&world, LARGE);
        let kill = if round % 2 == 0 {
            Kill::At(rand::random_range(0..LARGE as u64))
        } else {
            Kill::After(undisturbed.mul_f64(rand::random_range(0.3..1.2)))
        };
        regenerate_killed(&world, kill);
        let left = drafts(&world);
        begun += usize::from(!left.is_empty());
        cut += usize::from(left.iter().any(|size| *size < LARGE as u64));
        let settings: Value = serde_json::from_slice(&fs::read(world.settings()).unwrap()).unwrap();
        assert!(settings["token"] == "old" || settings["token"] == "fresh", "{kill:?}: {}", settings["token"]);
        assert_eq!(settings["padding"].as_str().map(str::len), Some(LARGE), "{kill:?}");
        replaced += usize::from(settings["token"] == "fresh");
        for entry in fs::read_dir(world.settings().parent().unwrap()).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600, "{kill:?}");
        }
        assert_eq!(mode(world.settings().parent().unwrap()), 0o700);
    }
    println!("{rounds} kills: {begun} left a draft, {cut} of them a part of one; {replaced} had replaced the file");
    assert!(cut >= rounds / 2, "too few were killed while they wrote: {cut} of {rounds}");
}

#[tokio::test]
async fn what_a_kill_has_left_goes_with_the_next_command() {
    let world = with_controller().await;
    world.answers("POST", "/v2/auth/tokens/", 200, json!({"token": "fresh"})).await;
    for line in ["auth:regenerate", "logout"] {
        write_old(&world, LARGE);
        regenerate_killed(&world, Kill::At(1000));
        assert_eq!(drafts(&world), [1000]);
        // Nobody finds a token where nobody looks for it.
        assert!(world.run(line).starts_with("exit: 0\n"));
        assert_eq!(drafts(&world), Vec::<u64>::new(), "{line}");
    }
}

/// Runs a command that replaces the settings, and kills it.
fn regenerate_killed(world: &World, kill: Kill) {
    let mut command = match kill {
        Kill::At(size) => {
            let mut command = world.command_of("prlimit");
            command.args([&format!("--fsize={size}"), "--core=0", BINARY]);
            command
        }
        Kill::After(_) => world.command(),
    };
    let mut child = command.arg("auth:regenerate").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if matches!(kill, Kill::After(time) if start.elapsed() >= time) {
            // It may have been quicker.
            let _ = child.kill();
        }
        assert!(start.elapsed() < Duration::from_secs(30), "it goes on: {kill:?}");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_full_disk_keeps_the_old_file_and_is_told() {
    let disk = Disk::of(1 << 20);
    let world = World::living_at(disk.path()).await;
    world.answers("GET", "/v2/", 401, json!({})).await;
    world.answers("POST", "/v2/auth/login/", 200, json!({"token": "fresh"})).await;
    write_old(&world, 300_000);
    let before = disk.files();
    let ballast = disk.fill();
    // No room at all, room for the beginning, and for all but the end.
    for room in [0, 1 << 16, 220_000] {
        ballast.give(room);
        let shown = login(&world);
        let told = shown.contains("cannot write the settings to $HOME/.mycli/client.json: No space left on device");
        assert!(shown.starts_with("exit: 1\n") && told, "{room}: {shown}");
        assert!(!shown.contains("Logged in"), "{shown}");
    }
    drop(ballast);
    assert_eq!(disk.files(), before);
    assert!(login(&world).starts_with("exit: 0\n"));
}
