//! The settings file holds a token: who may read it, and what happens when it cannot be written.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{BINARY, World, mode};

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
    Error: $HOME/.mycli/client.json is not a settings file: invalid type: integer `1`, expected a string at line 1 column 10
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
