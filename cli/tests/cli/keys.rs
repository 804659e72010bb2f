//! `keys:*`.

use std::{fs, net::ToSocketAddrs};

use insta::assert_snapshot;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::harness::{AT, UUID, World, mode, page};

/// A key, as `ssh-keygen` wrote it.
pub const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMH4oXxHykd0OUk5ZDXySLqidDWA\
                     mo6zB/RDBn/+e9xsww4LsCwaBMXgWoYu5PpkQDjPdsrqOHybcptUwx9NLOs=";

fn key(id: &str, public: &str) -> Value {
    json!({
        "uuid": UUID, "id": id, "owner": "admin", "public": public, "fingerprint": "d1:9c", "created": AT, "updated": AT,
    })
}

/// A user who has made two keys, and one who keeps something else beside them.
async fn with_keys() -> World {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/keys", 201, key("laptop", ED25519)).await;
    let ssh = world.home.path().join(".ssh");
    fs::create_dir(&ssh).unwrap();
    fs::write(ssh.join("id_ed25519"), "a secret").unwrap();
    fs::write(ssh.join("id_ed25519.pub"), format!("{ED25519} ana@laptop\n")).unwrap();
    fs::write(ssh.join("work.ecdsa.pub"), format!("{ECDSA}\n")).unwrap();
    world
}

/// What the controller says about SSH.
async fn tells_ssh(world: &World, host: &str, port: u16, host_keys: &[&str]) {
    let ssh = json!({"host": host, "port": port, "host_keys": host_keys});
    let info = json!({"version": "0.1.0", "platform_version": "2.3.0", "domain": "localhost", "ssh": ssh});
    world.answers("GET", "/v2/info", 200, info).await;
}

fn known_hosts(world: &World) -> String {
    fs::read_to_string(world.home.path().join(".ssh/known_hosts")).unwrap()
}

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    let keys = [key("work", ECDSA), key("ana@laptop", &format!("{ED25519} ana@laptop\n"))];
    world.answers("GET", "/v2/keys", 200, json!({"count": 3, "next": null, "previous": null, "results": keys})).await;
    assert_snapshot!(world.run("keys -l 2"), @r"
    exit: 0
    ----- stdout -----
    === admin Keys (2 of 3)
    work       ecdsa-sha2-nistp...tUwx9NLOs=
    ana@laptop ssh-ed25519 AAAA...ana@laptop
    ----- stderr -----
    ");
    assert_eq!(world.heard().await[0].url.query(), Some("limit=2"));
    world.server.reset().await;
    world.answers("GET", "/v2/keys", 200, page(&[key("work", "ssh-rsa AAAA")])).await;
    assert_snapshot!(world.run("keys:list --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "id": "work",
        "owner": "admin",
        "public": "ssh-rsa AAAA",
        "fingerprint": "d1:9c",
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z"
      }
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn remove() {
    let world = World::logged_in().await;
    world.replies("DELETE", "/v2/keys/ana@laptop", ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run("keys:remove ana@laptop"), @r"
    exit: 0
    ----- stdout -----
    Removing ana@laptop SSH Key... done
    ----- stderr -----
    ");
    world.answers("DELETE", "/v2/keys/none", 404, json!("No Key matches the given query.")).await;
    assert_snapshot!(world.run("keys:remove none"), @r#"
    exit: 1
    ----- stdout -----
    Removing none SSH Key... ⏎
    ----- stderr -----
    Error: "No Key matches the given query."
      `mycli keys` lists the keys you have.
    "#);
}

#[tokio::test]
async fn add_takes_name_and_file_in_either_order() {
    let world = with_keys().await;
    assert_snapshot!(world.run("keys:add .ssh/id_ed25519.pub"), @r"
    exit: 0
    ----- stdout -----
    Uploading id_ed25519.pub to deis... done
    ----- stderr -----
    ");
    for (line, id, public) in [
        (".ssh/id_ed25519.pub", "ana@laptop", format!("{ED25519} ana@laptop")),
        (".ssh/work.ecdsa.pub", "work", ECDSA.to_owned()),
        ("laptop .ssh/work.ecdsa.pub", "laptop", ECDSA.to_owned()),
        (".ssh/work.ecdsa.pub laptop", "laptop", ECDSA.to_owned()),
    ] {
        world.run(&format!("keys:add {line}"));
        assert_eq!(world.body("POST", "/v2/keys").await, json!({"id": id, "public": public}), "{line}");
    }
    // Nobody was there to be asked about host keys.
    assert!(world.heard().await.iter().all(|one| one.url.path() == "/v2/keys"));
}

#[tokio::test]
async fn add_lets_choose() {
    let world = with_keys().await;
    fs::write(world.home.path().join(".ssh/junk.pub"), "junk").unwrap();
    assert_snapshot!(world.run_with("keys:add", "2\n"), @r"
    exit: 0
    ----- stdout -----
    Found the following SSH public keys:
    1) id_ed25519.pub ana@laptop
    2) work.ecdsa.pub work
    0) Enter path to pubfile (or use keys:add <key_path>)
    Which would you like to use with Deis? 
    Uploading work.ecdsa.pub to deis... done
    ----- stderr -----
    $HOME/.ssh/junk.pub is not a valid ssh key
    ");
    assert_eq!(world.body("POST", "/v2/keys").await, json!({"id": "work", "public": ECDSA}));
    assert_snapshot!(world.run_with("keys:add laptop", "0\n~/.ssh/id_ed25519.pub\n"), @r"
    exit: 0
    ----- stdout -----
    Found the following SSH public keys:
    1) id_ed25519.pub ana@laptop
    2) work.ecdsa.pub work
    0) Enter path to pubfile (or use keys:add <key_path>)
    Which would you like to use with Deis? 
    Enter the path to the pubkey file: 
    Uploading id_ed25519.pub to deis... done
    ----- stderr -----
    $HOME/.ssh/junk.pub is not a valid ssh key
    ");
    assert_eq!(world.body("POST", "/v2/keys").await["id"], "laptop");
    for answer in ["two", "3", "-1", ""] {
        let shown = world.run_with("keys:add", &format!("{answer}\n"));
        let error = if answer.parse::<i64>().is_ok() { "is not a valid option" } else { "is not a valid integer" };
        assert!(shown.ends_with(&format!("Error: {answer} {error}\n")), "{shown}");
    }
}

#[tokio::test]
async fn what_is_no_key() {
    let world = with_keys().await;
    fs::write(world.home.path().join("junk.pub"), "junk").unwrap();
    fs::write(world.home.path().join("private"), "-----BEGIN OPENSSH PRIVATE KEY-----\n").unwrap();
    assert_snapshot!(world.run("keys:add junk.pub"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: junk.pub is not a valid ssh key
      Key contains invalid base64 chars
    ");
    assert_snapshot!(world.run("keys:add private"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: private is not a valid ssh key
      This is a private key. Send the public one, from the file that ends with .pub.
    ");
    assert_snapshot!(world.run("keys:add laptop none.pub"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: none.pub is no file
    ");
    assert_snapshot!(world.run("keys:add none.pub"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: none.pub is no file
    ");
    assert!(world.heard().await.is_empty());
}

#[tokio::test]
async fn a_key_that_is_in_use() {
    let world = World::logged_in().await;
    fs::write(world.home.path().join("a.pub"), ED25519).unwrap();
    world.answers("POST", "/v2/keys", 400, json!({"public": ["Public Key is already in use"]})).await;
    assert_snapshot!(world.run("keys:add a.pub"), @r"
    exit: 1
    ----- stdout -----
    Uploading a.pub to deis... ⏎
    ----- stderr -----
    Error: Public Key is already in use
    ");
}

#[tokio::test]
async fn host_keys_are_trusted_once() {
    let world = with_keys().await;
    tells_ssh(&world, "builder.example.com", 2200, &[ED25519, ECDSA, "@revoked * junk"]).await;
    assert_snapshot!(world.run("keys:add .ssh/id_ed25519.pub --trust-host"), @r"
    exit: 0
    ----- stdout -----
    Uploading id_ed25519.pub to deis... done
    Host keys of [builder.example.com]:2200 added to $HOME/.ssh/known_hosts
    ----- stderr -----
    ");
    let lines = format!("[builder.example.com]:2200 {ED25519}\n[builder.example.com]:2200 {ECDSA}\n");
    assert_eq!(known_hosts(&world), lines);
    assert_eq!(mode(&world.home.path().join(".ssh/known_hosts")), 0o600);
    assert_snapshot!(world.run("keys:add .ssh/id_ed25519.pub --trust-host"), @r"
    exit: 0
    ----- stdout -----
    Uploading id_ed25519.pub to deis... done
    ----- stderr -----
    ");
    assert_eq!(known_hosts(&world), lines);
}

#[tokio::test]
async fn what_is_in_known_hosts_stays() {
    let world = with_keys().await;
    let there = format!("# mine\nother,[builder.example.com]:2200 {ECDSA} comment\n[builder.example.com]:22 {ED25519}");
    fs::write(world.home.path().join(".ssh/known_hosts"), &there).unwrap();
    tells_ssh(&world, "builder.example.com", 2200, &[ED25519, ECDSA]).await;
    world.run("keys:add .ssh/id_ed25519.pub --trust-host");
    assert_eq!(known_hosts(&world), format!("{there}\n[builder.example.com]:2200 {ED25519}\n"));
}

#[tokio::test]
async fn a_folder_for_known_hosts_is_made() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/keys", 201, key("laptop", ED25519)).await;
    tells_ssh(&world, "builder.localhost", 22, &[ED25519]).await;
    fs::write(world.home.path().join("a.pub"), ED25519).unwrap();
    world.run("keys:add a.pub --trust-host");
    // The name where the C library knows it, else what it means.
    let host = if ("builder.localhost", 22).to_socket_addrs().is_ok() { "builder.localhost" } else { "127.0.0.1" };
    assert_eq!(known_hosts(&world), format!("{host} {ED25519}\n"));
    assert_eq!(mode(&world.home.path().join(".ssh")), 0o700);
}

#[tokio::test]
async fn host_keys_that_nobody_tells() {
    let world = with_keys().await;
    assert_snapshot!(world.run("keys:add .ssh/id_ed25519.pub --trust-host"), @r"
    exit: 1
    ----- stdout -----
    Uploading id_ed25519.pub to deis... done
    ----- stderr -----
    Error: the controller tells no SSH host keys, so none were added
      Your key was uploaded. OpenSSH asks about the host at the first push.
    ");
    tells_ssh(&world, "builder example", 2200, &[ED25519]).await;
    assert_snapshot!(world.run("keys:add .ssh/id_ed25519.pub --trust-host"), @r"
    exit: 1
    ----- stdout -----
    Uploading id_ed25519.pub to deis... done
    ----- stderr -----
    Error: the controller names an SSH host that is none: builder example
    ");
    assert!(!world.home.path().join(".ssh/known_hosts").exists());
}
