//! The client goes away.

use std::{fs, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;

use super::world::{World, done};

#[tokio::test(flavor = "multi_thread")]
async fn before_the_build_nothing_is_left() {
    let world = World::start().await;
    // A client that promises a commit and sends half of a pack.
    let mut ssh = world.ssh_command("alice", &["git@127.0.0.1", "git-receive-pack 'shiny-fox.git'"]);
    let mut child = ssh.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let line = format!("{} {} refs/heads/main\0 report-status side-band-64k", "0".repeat(40), "1".repeat(40));
    stdin.write_all(format!("{:04x}{line}0000", line.len() + 4).as_bytes()).await.unwrap();
    stdin.write_all(b"PACK\0\0\0\x02\0\0\0\x05").await.unwrap();
    stdin.flush().await.unwrap();
    let objects = world.repository().join("objects");
    let quarantine = || {
        let names = fs::read_dir(&objects).into_iter().flatten();
        names.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("tmp_")).count()
    };
    until("a quarantine", || quarantine() == 1).await;
    child.kill().await.unwrap();
    world.controller.until("the lock is free", |state| state.locks.is_empty()).await;
    assert_eq!(quarantine(), 0);
    assert_eq!(fs::read_dir(world.path("repositories").join(".pushes")).unwrap().count(), 0);
    assert!(world.controller.state().builds.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_it_the_push_goes_on() {
    let world = World::start().await;
    let mut push = world.command("alice", &["push", "--quiet", "deis", "main"]).process_group(0).spawn().unwrap();
    world.controller.until("a build", |state| state.builds.len() == 1).await;
    let group = Pid::from_raw(push.id().unwrap().try_into().unwrap()).unwrap();
    kill_process_group(group, Signal::KILL).unwrap();
    push.wait().await.unwrap();
    world.controller.tell([done(2)]);
    world.controller.until("the lock is free", |state| state.locks.is_empty()).await;
    let again = world.git(&["push", "deis", "main"]).await;
    assert!(again.text.ends_with("Everything up-to-date"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_repository_of_an_app_that_is_gone_is_removed() {
    let world = World::start().await;
    world.controller.tell([done(2)]);
    assert_eq!(world.git(&["push", "deis", "main"]).await.code, Some(0));
    let visible = || {
        let names = fs::read_dir(world.path("repositories")).unwrap().flatten().map(|entry| entry.path());
        names.filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.')).collect::<Vec<_>>()
    };
    until("only one repository", || visible() == [world.repository()]).await;
}

async fn until(what: &str, so: impl Fn() -> bool) {
    let wait = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        while !so() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}
