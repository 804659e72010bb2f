//! What may not be pushed is told, with the right command.

use super::world::{World, done};

#[tokio::test(flavor = "multi_thread")]
async fn only_main_and_master_are_deployed() {
    let world = World::start().await;
    world.git(&["tag", "v1"]).await;
    world.git(&["branch", "topic"]).await;
    let mut shown = Vec::new();
    for what in [&["topic"][..], &["v1"], &["main", "topic"]] {
        shown.push(world.shown(&world.git(&[&["push", "deis"], what].concat()).await));
    }
    world.controller.tell([done(2)]);
    assert_eq!(world.git(&["push", "deis", "main"]).await.code, Some(0));
    shown.push(world.shown(&world.git(&["push", "deis", "--delete", "main"]).await));
    insta::assert_snapshot!(shown.join("\n\n"), @r#"
    Only main and master are deployed. To deploy this branch: git push <remote> topic:main
    To ssh://HOST/shiny-fox.git
     ! [remote rejected] topic -> topic (pre-receive hook declined)
    error: failed to push some refs to 'ssh://HOST/shiny-fox.git'
    exit 1

    Tags are not deployed. To deploy what this one marks: git push <remote> v1^{}:main
    To ssh://HOST/shiny-fox.git
     ! [remote rejected] v1 -> v1 (pre-receive hook declined)
    error: failed to push some refs to 'ssh://HOST/shiny-fox.git'
    exit 1

    A push deploys one branch. Push it alone: git push <remote> main
    To ssh://HOST/shiny-fox.git
     ! [remote rejected] main -> main (pre-receive hook declined)
     ! [remote rejected] topic -> topic (pre-receive hook declined)
    error: failed to push some refs to 'ssh://HOST/shiny-fox.git'
    exit 1

    Branches of an app cannot be deleted. To remove the app itself: mycli destroy
    To ssh://HOST/shiny-fox.git
     ! [remote rejected] main (pre-receive hook declined)
    error: failed to push some refs to 'ssh://HOST/shiny-fox.git'
    exit 1
    "#);
    assert_eq!(world.controller.state().builds.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_push_is_told_of_the_first() {
    let world = World::start().await;
    let mut first = world.command("alice", &["push", "--quiet", "deis", "main"]).spawn().unwrap();
    world.controller.until("a build", |state| state.builds.len() == 1).await;
    let second = world.git(&["push", "deis", "main"]).await;
    insta::assert_snapshot!(world.shown(&second), @r#"
    fatal: remote error: Another git push is ongoing
    exit 128
    "#);
    world.controller.tell([done(2)]);
    assert!(first.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_foreign_apps_look_the_same() {
    let world = World::start().await;
    let mut shown = Vec::new();
    for app in ["dull-ox", "no-such-app", "Not_A_Name"] {
        shown.push(world.shown(&world.git(&["push", &world.url(app), "main"]).await));
    }
    shown.push(world.shown(&world.git(&["fetch", &world.url("dull-ox")]).await));
    shown.push(world.shown(&world.git(&["fetch", &world.url("shiny-fox")]).await));
    insta::assert_snapshot!(shown.join("\n\n"), @r#"
    There is no app dull-ox that you may push to.
    fatal: Could not read from remote repository.

    Please make sure you have the correct access rights
    and the repository exists.
    exit 128

    There is no app no-such-app that you may push to.
    fatal: Could not read from remote repository.

    Please make sure you have the correct access rights
    and the repository exists.
    exit 128

    That is no name of an app. The URL of a repository ends with /<app>.git; `mycli git:remote` sets it.
    fatal: Could not read from remote repository.

    Please make sure you have the correct access rights
    and the repository exists.
    exit 128

    There is no app dull-ox that you may push to.
    fatal: Could not read from remote repository.

    Please make sure you have the correct access rights
    and the repository exists.
    exit 128

    There is nothing to fetch: this machine has no push to shiny-fox. Push first, `git push`.
    fatal: Could not read from remote repository.

    Please make sure you have the correct access rights
    and the repository exists.
    exit 128
    "#);
    assert!(!world.repository().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_trees_do_not_leave_the_quarantine() {
    let world = World::start().await;
    let git = world.path("source");
    let blob = world.git(&["hash-object", "-w", "Procfile"]).await.text;
    for name in [".GIT", "..", "a\nb", ".git", "git~1"] {
        let mut raw = format!("100644 {name}\0").into_bytes();
        raw.extend(hex::decode(&blob).unwrap());
        std::fs::write(git.join("raw"), raw).unwrap();
        let tree = world.git(&["hash-object", "-t", "tree", "-w", "--literally", "raw"]).await.text;
        let commit = world.git(&["commit-tree", "-m", "evil", &tree]).await.text;
        let pushed = world.git(&["push", "deis", &format!("{commit}:refs/heads/main")]).await;
        assert_eq!(pushed.code, Some(1), "{name:?}: {pushed:?}");
        assert!(pushed.text.contains("remote rejected"), "{pushed:?}");
    }
    assert!(world.controller.state().builds.is_empty());
}
