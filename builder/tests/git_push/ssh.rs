//! What SSH can ask for, and what of it is granted: nothing but git.

use std::{collections::BTreeMap, fs, sync::Arc};

use builder::Config;
use russh::{
    ChannelMsg, Pty,
    client::{self, AuthResult, Handle},
    keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate},
};

use super::world::{World, output};

struct Trusting;

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

fn settings() -> Arc<client::Config> {
    Arc::new(client::Config { nodelay: true, ..client::Config::default() })
}

async fn connect(world: &World) -> Handle<Trusting> {
    let mut handle = client::connect(settings(), ("127.0.0.1", world.port), Trusting).await.unwrap();
    let key = PrivateKey::from_openssh(fs::read(world.path("alice")).unwrap()).unwrap();
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    assert!(matches!(handle.authenticate_publickey("git", key).await.unwrap(), AuthResult::Success));
    handle
}

#[tokio::test(flavor = "multi_thread")]
async fn sha1_is_refused_and_the_same_key_with_sha2_is_not() {
    let world = World::start().await;
    let public = world.key("old", "rsa").await;
    world.controller.state().keys.insert(public, "alice".to_owned());
    let key = Arc::new(PrivateKey::from_openssh(fs::read(world.path("old")).unwrap()).unwrap());
    let mut answers = Vec::new();
    for hash in [None, Some(HashAlg::Sha256), Some(HashAlg::Sha512)] {
        let mut handle = client::connect(settings(), ("127.0.0.1", world.port), Trusting).await.unwrap();
        let key = PrivateKeyWithHashAlg::new(key.clone(), hash);
        answers.push(handle.authenticate_publickey("git", key).await.unwrap().success());
    }
    assert_eq!(answers, [false, true, true]);
}

/// (Each test has a process of its own.) Children that this process has waited for, as the kernel counts their page faults, and those that still run.
fn children() -> (String, usize) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let waited = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(8).unwrap().to_owned();
    let me = std::process::id().to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let mine = stats.filter(|stat| stat.rsplit_once(')').unwrap().1.split_whitespace().nth(1) == Some(&me)).count();
    (waited, mine)
}

#[tokio::test(flavor = "multi_thread")]
async fn forbidden_requests_start_no_process() {
    let world = World::start().await;
    let before = children();
    let handle = connect(&world).await;
    let mut answers = BTreeMap::new();
    for _ in 0..30 {
        for line in ["id", "git-upload-archive 'shiny-fox.git'", "scp -t .", "git-receive-pack '../x.git'"] {
            let mut channel = handle.channel_open_session().await.unwrap();
            channel.exec(true, line).await.unwrap();
            *answers.entry(format!("exec {line}: {}", end(&mut channel).await)).or_insert(0) += 1;
        }
        let mut channel = handle.channel_open_session().await.unwrap();
        channel.request_pty(true, "xterm", 80, 24, 0, 0, &[(Pty::ECHO, 1)]).await.unwrap();
        *answers.entry(format!("pty: {}", reply(&mut channel).await)).or_insert(0) += 1;
        channel.set_env(true, "GIT_DIR", "/").await.unwrap();
        *answers.entry(format!("env: {}", reply(&mut channel).await)).or_insert(0) += 1;
        channel.request_subsystem(true, "sftp").await.unwrap();
        *answers.entry(format!("subsystem: {}", reply(&mut channel).await)).or_insert(0) += 1;
        channel.request_x11(true, false, "MIT-MAGIC-COOKIE-1", "00", 0).await.unwrap();
        *answers.entry(format!("x11: {}", reply(&mut channel).await)).or_insert(0) += 1;
        channel.request_shell(true).await.unwrap();
        *answers.entry(format!("shell: {}", end(&mut channel).await)).or_insert(0) += 1;
        let forwarded = handle.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await;
        *answers.entry(format!("forward: {}", forwarded.is_ok())).or_insert(0) += 1;
    }
    // insta starts programs of its own.
    assert_eq!(children(), before);
    insta::assert_debug_snapshot!(answers, @r#"
    {
        "env: refused": 30,
        "exec git-receive-pack '../x.git': That is no name of an app. The URL of a repository ends with /<app>.git; `mycli git:remote` sets it. Some(1)": 30,
        "exec git-upload-archive 'shiny-fox.git': This server runs nothing but git: push with `git push`, fetch with `git fetch`. Some(1)": 30,
        "exec id: This server runs nothing but git: push with `git push`, fetch with `git fetch`. Some(1)": 30,
        "exec scp -t .: This server runs nothing but git: push with `git push`, fetch with `git fetch`. Some(1)": 30,
        "forward: false": 30,
        "pty: refused": 30,
        "shell: Hello alice! Your key works, but there is no shell here: push to deploy, `git push <remote> main`. Some(1)": 30,
        "subsystem: refused": 30,
        "x11: refused": 30,
    }
    "#);
    let folders = fs::read_dir(world.path("repositories")).unwrap();
    assert!(folders.flatten().all(|entry| entry.file_name().to_str().unwrap().starts_with('.')));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_idles_keeps_nobody_out() {
    let world = World::start().await;
    let mut idle = Vec::new();
    for _ in 0..900 {
        idle.push(tokio::net::TcpStream::connect(("127.0.0.1", world.port)).await.unwrap());
    }
    for _ in 0..3 {
        assert_eq!(world.ssh("alice", &["git@127.0.0.1", "ping"]).await.text, "pong");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_honest_clients_come_at_once() {
    let world = World::start().await;
    let pings: Vec<_> = (0..40).map(|_| world.ssh_command("alice", &["git@127.0.0.1", "ping"])).collect();
    let pings = pings.into_iter().map(|mut ping| async move { output(&mut ping).await.text });
    for text in futures_util::future::join_all(pings).await {
        assert_eq!(text, "pong");
    }
}

/// Old clients know nothing else; auditors find fault with its curve, so that an operator has to want it.
#[tokio::test(flavor = "multi_thread")]
async fn the_ecdsa_host_key_is_shown_where_it_is_wanted() {
    for ecdsa in [false, true] {
        let world = World::start_as(|config| Config { ecdsa, ..config }).await;
        for (kind, answers) in [("ecdsa-sha2-nistp256", ecdsa), ("ssh-ed25519", true)] {
            let kind = format!("HostKeyAlgorithms={kind}");
            let ping = world.ssh("alice", &["-o", &kind, "git@127.0.0.1", "ping"]).await;
            assert_eq!(ping.text == "pong", answers, "{ecdsa} {kind}: {ping:?}");
        }
    }
}

/// `SLIPWAY_TEST_SSH_AUDIT` names the program (`pip install ssh-audit`).
#[tokio::test(flavor = "multi_thread")]
async fn an_audit_finds_no_fault() {
    let Some(program) = std::env::var_os("SLIPWAY_TEST_SSH_AUDIT") else {
        return println!("skipped: SLIPWAY_TEST_SSH_AUDIT is not set");
    };
    let world = World::start().await;
    let mut audit = tokio::process::Command::new(program);
    audit.args(["--level=fail", "--skip-rate-test", "-p", &world.port.to_string(), "127.0.0.1"]);
    let audit = output(&mut audit).await;
    assert!(!audit.text.contains("[fail]"), "{}", audit.text);
    assert!(matches!(audit.code, Some(0 | 2)), "{}", audit.text);
}

async fn reply(channel: &mut russh::Channel<client::Msg>) -> &'static str {
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return "granted",
            Some(ChannelMsg::Failure) => return "refused",
            Some(_) => {}
            None => return "closed",
        }
    }
}

async fn end(channel: &mut russh::Channel<client::Msg>) -> String {
    let (mut said, mut status) = (String::new(), None);
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. } => {
                said.push_str(std::str::from_utf8(&data).unwrap());
            }
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            _ => {}
        }
    }
    format!("{} {status:?}", said.trim_end())
}
