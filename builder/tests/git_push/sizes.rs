//! More than a push may bring. `scripts/prove` does it at the size of the limits that are the default.

use std::{
    fmt::Write,
    fs::{self, File},
    io::{self, Read},
};

use builder::Limits;

use super::world::{World, done};

/// Something that takes room however it is packed.
async fn commit_noise(world: &World, bytes: u64) {
    let mut file = File::create(world.path("source").join("noise")).unwrap();
    io::copy(&mut File::open("/dev/urandom").unwrap().take(bytes), &mut file).unwrap();
    world.add("noise").await;
}

/// Nothing but an empty repository is left of a push.
fn assert_empty(world: &World) {
    let packs = fs::read_dir(world.repository().join("objects/pack")).unwrap().count();
    let objects = fs::read_dir(world.repository().join("objects")).unwrap().count();
    assert_eq!((packs, objects), (0, 2));
    assert!(world.controller.state().builds.is_empty());
}

/// At full size 2 GB, against the limit that is the default.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_is_too_large_leaves_nothing() {
    let (most, bytes) = if prove() { (Limits::default().push_bytes, 2_000_000_000) } else { (100_000, 160_000) };
    let world = World::start_with(Limits { push_bytes: most, ..Limits::default() }).await;
    commit_noise(&world, bytes).await;
    let pushed = world.git(&["push", "--quiet", "deis", "main"]).await;
    let shown = world.shown(&pushed).replace("97.66 KiB", "LIMIT").replace("512.00 MiB", "LIMIT");
    insta::assert_snapshot!(shown, @r#"
    remote: fatal: pack exceeds maximum allowed size (LIMIT)
    error: remote unpack failed: index-pack abnormal exit
    To ssh://HOST/shiny-fox.git
     ! [remote rejected] main -> main (unpacker error)
    error: failed to push some refs to 'ssh://HOST/shiny-fox.git'
    exit 1
    "#);
    assert_empty(&world);
}

/// At full size a million of files.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_too_many_objects_is_refused_before_they_come() {
    let (most, files) = if prove() { (Limits::default().push_objects, 1000) } else { (500, 25) };
    let world = World::start_with(Limits { push_objects: most, ..Limits::default() }).await;
    let import = world.feed(&["fast-import", "--quiet", "--force"], fast_import(files)).await;
    assert_eq!(import.code, Some(0), "{import:?}");
    let pushed = world.git(&["push", "--quiet", "deis", "many:main"]).await;
    // What git says of it itself, and when, depends on what it was doing at that moment.
    let told: Vec<_> = pushed.text.lines().skip_while(|line| !line.starts_with("This push")).take(2).collect();
    let told =
        told.join("\n").replace(&(files * files + files + 2).to_string(), "MORE").replace(&most.to_string(), "MOST");
    insta::assert_snapshot!(told, @r#"
    This push has MORE objects, and at most MOST are taken. To push the newest commit without its history:
    git push <remote> "$(git commit-tree -m Deploy 'HEAD^{tree}')":refs/heads/main
    "#);
    assert_ne!(pushed.code, Some(0));
    assert_empty(&world);
    world.controller.tell([done(2)]);
    let commit = world.git(&["commit-tree", "-m", "Deploy", "HEAD^{tree}"]).await.text;
    let advised = world.git(&["push", "--quiet", "deis", &format!("{commit}:refs/heads/main")]).await;
    assert_eq!(advised.code, Some(0), "{advised:?}");
}

/// A branch `many`: one commit, with so many folders of so many files, each another.
fn fast_import(many: u32) -> String {
    let mut stream =
        String::from("commit refs/heads/many\ncommitter Alice <alice@example.com> 1700000000 +0000\ndata 4\nmany\n");
    for path in (0..many).flat_map(|folder| (0..many).map(move |file| format!("{folder}/{file}"))) {
        write!(stream, "M 100644 inline {path}\ndata {}\n{path}\n", path.len()).unwrap();
    }
    stream
}

/// At full size 100,000.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_many_branches_is_refused() {
    // Few enough for the hook to say so, and too many for git to hear of.
    for branches in [20, if prove() { 100_000 } else { 10_001 }] {
        let world = World::start().await;
        let lines =
            (0..branches).fold(String::new(), |lines, branch| lines + &format!("create refs/heads/b{branch} HEAD\n"));
        let made = world.feed(&["update-ref", "--stdin"], lines).await;
        assert_eq!(made.code, Some(0), "{made:?}");
        let pushed = world.git(&["push", "--quiet", "deis", "refs/heads/b*"]).await;
        let told = pushed.text.contains("A push deploys one branch. Push it alone: git push <remote> main");
        assert!(told && pushed.code != Some(0), "{}", world.shown(&pushed));
        assert_empty(&world);
    }
}

fn prove() -> bool {
    std::env::var_os("SLIPWAY_PROVE").is_some()
}
