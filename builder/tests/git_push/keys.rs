//! Whose key signed.

use super::world::{World, done};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_told_so() {
    let world = World::start().await;
    world.key("stranger", "ed25519").await;
    let pushed = world.git_as("stranger", &["push", "deis", "main"]).await;
    insta::assert_snapshot!(world.shown(&pushed), @r#"
    This key is not registered here. Register it with `mycli keys:add`, then push again.
    git@127.0.0.1: Permission denied (publickey).
    fatal: Could not read from remote repository.

    Please make sure you have the correct access rights
    and the repository exists.
    exit 128
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_key_behind_an_unknown_one_is_found() {
    let world = World::start().await;
    world.key("stranger", "ed25519").await;
    let alice = world.path("alice").display().to_string();
    let pinged = world.ssh("stranger", &["-i", &alice, "git@127.0.0.1", "ping"]).await;
    assert_eq!((pinged.code, pinged.text.as_str()), (Some(0), "pong"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_counts_not_who_was_offered() {
    let world = World::start().await;
    // Of the victim's key the attacker has the public half, which is accepted when it is offered.
    std::fs::remove_file(world.path("alice")).unwrap();
    let own = world.path("mallory").display().to_string();
    let arguments = ["-i", &own, "git@127.0.0.1", "git-receive-pack 'shiny-fox.git'"];
    let refused = world.ssh("alice.pub", &arguments).await;
    assert!(refused.text.ends_with("There is no app shiny-fox that you may push to."), "{refused:?}");
    let state = world.controller.state();
    let (asked, _) = &state.asked[0];
    assert_eq!(state.keys[asked], "mallory");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_registered_kind_of_key_may_push() {
    let world = World::start().await;
    world.controller.tell([done(2)]);
    for kind in ["ecdsa", "rsa"] {
        let key = world.key(kind, kind).await;
        world.controller.state().keys.insert(key, "alice".to_owned());
        let pushed = world.git_as(kind, &["push", "deis", "main"]).await;
        assert_eq!(pushed.code, Some(0), "{pushed:?}");
    }
}
