//! From a push to a release, or to none.

use std::{collections::BTreeMap, io::Read};

use api::push::PushEvent;

use super::{
    fake::Step,
    world::{World, done, failed, log},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_becomes_a_release() {
    let world = World::start().await;
    let built = Step::Tell(PushEvent::Built);
    world.controller.tell([
        Step::Tell(PushEvent::Queued { ahead: 2 }),
        log("-----> Procfile app detected\n", 29),
        Step::Cut,
        log("       half", 40),
        built.clone(),
        Step::Cut,
        built,
        done(2),
    ]);
    let pushed = world.git(&["push", "deis", "main"]).await;
    insta::assert_snapshot!(world.shown(&pushed), @r#"
    Starting build... but first, coffee!
    Waiting for 2 builds before this one
    -----> Procfile app detected
           half
    Build complete.
    Launching App...
    Done, shiny-fox:v2 deployed to Workflow

    http://shiny-fox.localhost

    Use 'deis open' to view this application in your browser

    To learn more, use 'deis help' or visit https://deis.com/

    To ssh://HOST/shiny-fox.git
     * [new branch]      main -> main
    exit 0
    "#);

    let head = std::fs::read_to_string(world.repository().join("HEAD")).unwrap();
    assert_eq!(head, "ref: refs/heads/main\n");
    assert_eq!(std::fs::read_dir(world.path("repositories").join(".pushes")).unwrap().count(), 0);
    assert!(world.controller.state().locks.is_empty());

    let again = world.git(&["push", "deis", "main"]).await;
    insta::assert_snapshot!(world.shown(&again), @r#"
    Nothing new was pushed, so nothing is deployed. To build the same source again: git commit --allow-empty -m Redeploy, then push. To restart what runs: mycli ps:restart
    Everything up-to-date
    exit 0
    "#);
    let cloned = world.git(&["clone", "--quiet", &world.url("shiny-fox"), "../clone"]).await;
    assert_eq!(cloned.code, Some(0), "{cloned:?}");
    assert_eq!(std::fs::read_to_string(world.path("clone/Procfile")).unwrap(), "web: run\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_is_what_git_archives() {
    let world = World::start().await;
    world.commit(".gitattributes", "secret.txt export-ignore\n*.txt filter=evil\n").await;
    world.commit("secret.txt", "hidden").await;
    world.commit("shown.txt", "shown").await;
    world.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},vendored", "1".repeat(40))]).await;
    world.git(&["commit", "--quiet", "-m", "submodule"]).await;
    world.controller.tell([done(2)]);
    let pushed = world.git(&["push", "--quiet", "deis", "main:master"]).await;
    assert!(
        pushed.text.starts_with("Submodules are not fetched; these folders will be empty: vendored\nStarting"),
        "{pushed:?}"
    );
    let sha = world.git(&["rev-parse", "HEAD"]).await.text;
    let builds = world.controller.state().builds.clone();
    let (query, tar) = &builds[0];
    assert!(query.ends_with(&format!("&sha={sha}&dockerfile=false&procfile=true")), "{query}");
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(&tar[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.insert(entry.path().unwrap().display().to_string(), text);
    }
    files.remove("pax_global_header");
    insta::assert_debug_snapshot!(files, @r#"
    {
        ".gitattributes": "secret.txt export-ignore\n*.txt filter=evil\n",
        "Procfile": "web: run\n",
        "shown.txt": "shown",
        "vendored/": "",
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_build_can_be_pushed_again() {
    let world = World::start().await;
    world.controller.tell([log("Step 1/1 : FRMO scratch\n", 24), failed("Unknown instruction: FRMO\nBuild failed.")]);
    let pushed = world.git(&["push", "deis", "main"]).await;
    insta::assert_snapshot!(world.shown(&pushed), @r#"
    Starting build... but first, coffee!
    Step 1/1 : FRMO scratch
    Unknown instruction: FRMO
    Build failed.
    To ssh://HOST/shiny-fox.git
     ! [remote rejected] main -> main (pre-receive hook declined)
    error: failed to push some refs to 'ssh://HOST/shiny-fox.git'
    exit 1
    "#);
    let mut objects = std::fs::read_dir(world.repository().join("objects")).unwrap();
    assert!(objects.all(|entry| ["info", "pack"].contains(&entry.unwrap().file_name().to_str().unwrap())));

    world.controller.state().story.clear();
    world.controller.tell([
        log("Step 1/1 : RUN false\nError: the image could not be built\n", 56),
        failed("the image could not be built"),
    ]);
    let pushed = world.git(&["push", "deis", "main"]).await;
    assert_eq!(pushed.text.matches("the image could not be built").count(), 1, "the log has told it: {pushed:?}");

    world.controller.state().story.clear();
    world.controller.tell([done(2)]);
    assert_eq!(world.git(&["push", "deis", "main"]).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_that_the_build_told_is_shown_once() {
    let world = World::start().await;
    world.controller.tell([
        log("-----> Failing\nError: no buildpack is for this app\n", 60),
        failed("no buildpack is for this app"),
    ]);
    let pushed = world.git(&["push", "deis", "main"]).await;
    assert_eq!(world.shown(&pushed).matches("no buildpack is for this app").count(), 1);
    assert_eq!(pushed.code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_controller_may_refuse_the_build() {
    let world = World::start().await;
    world.controller.state().refuse = Some("The app was given away.".to_owned());
    let pushed = world.git(&["push", "deis", "main"]).await;
    insta::assert_snapshot!(world.shown(&pushed), @r#"
    The app was given away.
    To ssh://HOST/shiny-fox.git
     ! [remote rejected] main -> main (pre-receive hook declined)
    error: failed to push some refs to 'ssh://HOST/shiny-fox.git'
    exit 1
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_stop_waits_for_a_push() {
    let mut world = World::start().await;
    let mut push = world.command("alice", &["push", "--quiet", "deis", "main"]).spawn().unwrap();
    world.controller.until("a build", |state| state.builds.len() == 1).await;
    world.stop.cancel();
    let refused = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", world.port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), refused).await.unwrap();
    world.controller.tell([done(2)]);
    assert!(push.wait().await.unwrap().success());
    world.ended.take().unwrap().await.unwrap().unwrap();
}
