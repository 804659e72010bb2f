//! `profiles:list`, `profiles:use`, `profiles:remove`, and which profile a command uses.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    harness::{World, mode},
    terminal::Terminal,
};

/// A user who is logged in to two platforms.
async fn with_two() -> World {
    let world = World::logged_in().await;
    write(&world, ".mycli/staging.json", "ana", "http://staging.example.com");
    world
}

fn write(world: &World, path: &str, username: &str, controller: &str) {
    let settings = json!({"username": username, "controller": controller, "token": "s3cret"});
    fs::write(world.home.path().join(path), settings.to_string()).unwrap();
}

#[tokio::test]
async fn list() {
    let world = with_two().await;
    fs::write(world.home.path().join(".mycli/broken.json"), "s3cret").unwrap();
    fs::write(world.home.path().join(".mycli/notes.txt"), "mine").unwrap();
    assert_snapshot!(world.run("profiles"), @r"
    exit: 0
    ----- stdout -----
    === Profiles
      broken    not a settings file                 $HOME/.mycli/broken.json
    * client    admin at http://controller     $HOME/.mycli/client.json
      staging   ana at http://staging.example.com   $HOME/.mycli/staging.json
    ----- stderr -----
    ");
    assert_snapshot!(world.run("-c staging profiles:list --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "profile": "broken",
        "file": "$HOME/.mycli/broken.json",
        "current": false,
        "problem": "not a settings file"
      },
      {
        "profile": "client",
        "file": "$HOME/.mycli/client.json",
        "current": false,
        "username": "admin",
        "controller": "http://controller"
      },
      {
        "profile": "staging",
        "file": "$HOME/.mycli/staging.json",
        "current": true,
        "username": "ana",
        "controller": "http://staging.example.com"
      }
    ]
    ----- stderr -----
    "#);
    // The current one may have no file, or one elsewhere.
    assert_snapshot!(world.run("profiles -c prod"), @r"
    exit: 0
    ----- stdout -----
    === Profiles
      broken    not a settings file                 $HOME/.mycli/broken.json
      client    admin at http://controller     $HOME/.mycli/client.json
    * prod      not logged in                       $HOME/.mycli/prod.json
      staging   ana at http://staging.example.com   $HOME/.mycli/staging.json
    ----- stderr -----
    ");
    write(&world, "mine.json", "eve", "http://other.example.com");
    assert_snapshot!(world.run("profiles -c ./mine.json"), @r"
    exit: 0
    ----- stdout -----
    === Profiles
    * ./mine.json   eve at http://other.example.com     ./mine.json
      broken        not a settings file                 $HOME/.mycli/broken.json
      client        admin at http://controller     $HOME/.mycli/client.json
      staging       ana at http://staging.example.com   $HOME/.mycli/staging.json
    ----- stderr -----
    ");
}

#[tokio::test]
async fn nobody_has_logged_in_yet() {
    let world = World::new().await;
    assert_snapshot!(world.run("profiles"), @r"
    exit: 0
    ----- stdout -----
    === Profiles
    * client   not logged in   $HOME/.mycli/client.json
    ----- stderr -----
    ");
}

#[tokio::test]
async fn the_one_that_is_used() {
    let world = with_two().await;
    assert_snapshot!(world.run("profiles:use staging"), @r"
    exit: 0
    ----- stdout -----
    Using profile staging: ana at http://staging.example.com
    ----- stderr -----
    ");
    assert_snapshot!(world.run("profiles"), @r"
    exit: 0
    ----- stdout -----
    === Profiles
      client    admin at http://controller     $HOME/.mycli/client.json
    * staging   ana at http://staging.example.com   $HOME/.mycli/staging.json
    ----- stderr -----
    ");
    assert_snapshot!(world.run("whoami"), @r"
    exit: 0
    ----- stdout -----
    You are ana at http://staging.example.com (profile staging)
    ----- stderr -----
    ");
    assert_eq!(mode(&world.home.path().join(".mycli/profile")), 0o600);
    // What is said goes before what is remembered.
    assert_snapshot!(world.run("-c client whoami"), @r"
    exit: 0
    ----- stdout -----
    You are admin at http://controller
    ----- stderr -----
    ");
    let whoami = |profile: &str| {
        let mut command = world.command();
        world.shown(&command.arg("whoami").env("MYCLI_PROFILE", profile).output().unwrap())
    };
    assert_eq!(whoami("client"), world.run("-c client whoami"));
    assert_eq!(whoami(""), world.run("whoami"));
    let mut command = world.command();
    let output = command.args(["profiles:use", "staging"]).env("MYCLI_PROFILE", "client").output().unwrap();
    assert_snapshot!(world.shown(&output), @r"
    exit: 0
    ----- stdout -----
    Using profile staging: ana at http://staging.example.com
    ----- stderr -----
    client is still used where --config or MYCLI_PROFILE says so, as here.
    ");
    assert_snapshot!(world.run("profiles:use client"), @r"
    exit: 0
    ----- stdout -----
    Using profile client: admin at http://controller
    ----- stderr -----
    ");
    assert!(!world.home.path().join(".mycli/profile").exists());
    assert_eq!(world.run("whoami"), world.run("-c client whoami"));
}

#[tokio::test]
async fn one_that_cannot_be_used() {
    let world = with_two().await;
    assert_snapshot!(world.run("profiles:use prod"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: there is no profile prod in $HOME/.mycli
      Make one: mycli -c prod login <controller>; `mycli profiles` lists those there are.
    ");
    assert_snapshot!(world.run("profiles:use ../prod"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: "../prod" is neither a profile nor a settings file
      A settings file is a path that ends in .json; a profile is a name without slashes.
    "#);
    world.run("profiles:use staging");
    fs::remove_file(world.home.path().join(".mycli/staging.json")).unwrap();
    assert_snapshot!(world.run("apps"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Client configuration file not found at: $HOME/.mycli/staging.json
    Are you logged in? Use 'mycli login' or 'mycli register' to get started.
      `mycli profiles:use` made this your profile; `mycli profiles:list` shows the others.
    ");
    fs::write(world.home.path().join(".mycli/profile"), "../../etc/x\n").unwrap();
    assert_snapshot!(world.run("apps"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: $HOME/.mycli/profile names no profile
      Remove it, or have `profiles:use` write another one.
    ");
    assert!(world.run("-c client whoami").starts_with("exit: 0\n"));
}

#[tokio::test]
async fn a_login_writes_the_one_that_is_used() {
    let world = with_two().await;
    world.answers("GET", "/v2/", 401, json!({})).await;
    world.answers("POST", "/v2/auth/login/", 200, json!({"token": "fresh"})).await;
    world.run("profiles:use staging");
    assert_snapshot!(world.run(&format!("login {} --username eve --password x", world.server.uri())), @r"
    exit: 0
    ----- stdout -----
    Logged in as eve
    Configuration file written to $HOME/.mycli/staging.json
    ----- stderr -----
    ");
    assert_snapshot!(world.run("logout"), @r"
    exit: 0
    ----- stdout -----
    Logged out
    ----- stderr -----
    ");
    assert!(world.settings().exists());
    assert!(!world.home.path().join(".mycli/staging.json").exists());
}

#[tokio::test]
async fn remove() {
    let world = with_two().await;
    world.run("profiles:use staging");
    assert_snapshot!(world.run("profiles:remove staging"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: staging was not removed: there is nobody to confirm it
      To remove it without a question: mycli profiles:remove staging --confirm
    ");
    let mut terminal = Terminal::start(&world, &["profiles:remove".to_owned(), "staging".to_owned()]);
    terminal.expect("staging.json? (y/N): ", "n\n");
    assert!(terminal.raw().contains("Profile not removed"));
    assert!(world.home.path().join(".mycli/staging.json").exists());
    assert_snapshot!(world.run("profiles:remove staging --confirm"), @r"
    exit: 0
    ----- stdout -----
    Profile staging removed
    ----- stderr -----
    ");
    // Nothing is left of it, what was remembered included.
    assert_snapshot!(world.run("profiles"), @r"
    exit: 0
    ----- stdout -----
    === Profiles
    * client   admin at http://controller   $HOME/.mycli/client.json
    ----- stderr -----
    ");
    assert_snapshot!(world.run("profiles:remove staging --confirm"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: there is no profile staging in $HOME/.mycli
      `mycli profiles` lists those there are.
    ");
    fs::write(world.home.path().join(".mycli/broken.json"), "{").unwrap();
    assert!(world.run("profiles:remove broken --confirm").starts_with("exit: 0\n"));
}

/// Deis's client knows nothing of what is remembered, and nothing changes for who never asks for it.
#[tokio::test]
async fn the_name_of_deis() {
    let world = World::under_name("deis").await;
    write(&world, ".deis/prod.json", "ana", "http://prod.example.com");
    assert_snapshot!(world.run("whoami"), @r"
    exit: 0
    ----- stdout -----
    You are admin at http://controller
    ----- stderr -----
    ");
    assert_snapshot!(world.run("-c prod whoami"), @r"
    exit: 0
    ----- stdout -----
    You are ana at http://prod.example.com
    ----- stderr -----
    ");
    assert_snapshot!(world.run("profiles"), @r"
    exit: 0
    ----- stdout -----
    === Profiles
    * client   admin at http://controller   $HOME/.deis/client.json
      prod     ana at http://prod.example.com    $HOME/.deis/prod.json
    ----- stderr -----
    ");
    assert_snapshot!(world.run("profiles:use prod"), @r"
    exit: 0
    ----- stdout -----
    Using profile prod: ana at http://prod.example.com
    ----- stderr -----
    ");
    assert_snapshot!(world.run("whoami"), @r"
    exit: 0
    ----- stdout -----
    You are ana at http://prod.example.com (profile prod)
    ----- stderr -----
    ");
}
