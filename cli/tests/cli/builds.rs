//! `builds:*`.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::harness::{AT, UUID, World, page};

const BUILDS: &str = "/v2/apps/blog/builds";

fn build() -> Value {
    json!({
        "uuid": UUID, "app": "blog", "owner": "admin", "image": "example-go", "sha": "", "procfile": {}, "dockerfile": "",
        "created": AT, "updated": AT,
    })
}

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    world.answers("GET", BUILDS, 200, page(&[build()])).await;
    assert_snapshot!(world.run("builds -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Builds
    0190b3f4-0000-7000-8000-000000000001 2024-05-01T10:00:00Z
    ----- stderr -----
    ");
    assert_snapshot!(world.run("builds:list -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "app": "blog",
        "owner": "admin",
        "image": "example-go",
        "sha": "",
        "procfile": {},
        "dockerfile": "",
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z"
      }
    ]
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn pull() {
    let world = World::logged_in().await;
    world.answers("POST", BUILDS, 201, build()).await;
    assert_snapshot!(world.run("pull example-go -a blog"), @r"
    exit: 0
    ----- stdout -----
    Creating build... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", BUILDS).await, json!({"image": "example-go"}));
    world.run_words(&[
        "builds:create",
        "example-go",
        "-a",
        "blog",
        "--procfile",
        "web: /bin/serve -p 80\nworker: /bin/work",
    ]);
    let procfile = json!({"web": "/bin/serve -p 80", "worker": "/bin/work"});
    assert_eq!(world.body("POST", BUILDS).await, json!({"image": "example-go", "procfile": procfile}));
    assert_snapshot!(world.run("pull example-go -a blog --procfile nonsense"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: "nonsense" is not a line of a Procfile
      One looks like this: web: /bin/serve
    "#);
}

#[tokio::test]
async fn only_deis_reads_a_procfile_that_lies_around() {
    for (name, read) in [("deis", true), ("slip", false)] {
        let world = World::under_name(name).await;
        world.answers("POST", BUILDS, 201, build()).await;
        fs::write(world.home.path().join("Procfile"), "web: /bin/serve\n").unwrap();
        world.run("pull example-go -a blog");
        assert_eq!(world.body("POST", BUILDS).await.get("procfile").is_some(), read, "{name}");
    }
}

#[tokio::test]
async fn a_deploy_that_fails() {
    let reason = "There was a problem deploying v3. Rolling back process types to release v2.\n\
                  (app::deploy): blog-cmd exits at once with code 1\nlast output:\npanic: no database";
    let world = World::logged_in().await;
    world.answers("POST", BUILDS, 400, json!({"detail": reason})).await;
    assert_snapshot!(world.run("pull broken -a blog"), @r"
    exit: 1
    ----- stdout -----
    Creating build... ⏎
    ----- stderr -----
    Error: There was a problem deploying v3. Rolling back process types to release v2.
    (app::deploy): blog-cmd exits at once with code 1
    last output:
    panic: no database
    ");

    let world = World::under_name("deis").await;
    world.answers("POST", BUILDS, 400, json!({"detail": reason})).await;
    assert_snapshot!(world.run("pull broken -a blog"), @r#"
    exit: 1
    ----- stdout -----
    Creating build... ⏎
    ----- stderr -----
    Error: Unknown Error (400): {"detail":"There was a problem deploying v3. Rolling back process types to release v2.
    (app::deploy): blog-cmd exits at once with code 1
    last output:
    panic: no database"}
    "#);
}

fn push(state: &str, reason: Option<&str>) -> Value {
    let mut push = build();
    push["state"] = json!(state);
    push["sha"] = json!("a".repeat(40));
    push["image"] = json!("blog:git-aaaaaaaa");
    if let Some(reason) = reason {
        push["reason"] = json!(reason);
    }
    push
}

#[tokio::test]
async fn pushes_are_listed_with_their_state() {
    let world = World::logged_in().await;
    world
        .answers("GET", BUILDS, 200, page(&[push("building", None), push("failed", Some("no")), push("done", None)]))
        .await;
    assert_snapshot!(world.run("builds -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Builds
    0190b3f4-0000-7000-8000-000000000001 2024-05-01T10:00:00Z building
    0190b3f4-0000-7000-8000-000000000001 2024-05-01T10:00:00Z failed
    0190b3f4-0000-7000-8000-000000000001 2024-05-01T10:00:00Z
    ----- stderr -----
    ");
    assert_eq!(world.heard().await[0].url.query(), Some("all=true&limit=100"));
}

#[tokio::test]
async fn info() {
    let world = World::logged_in().await;
    world.answers("GET", BUILDS, 200, page(&[build()])).await;
    let mut failed = push("failed", Some("Unable to select a buildpack"));
    failed["procfile"] = json!({"web": "serve"});
    world.answers("GET", &format!("{BUILDS}/{UUID}"), 200, failed).await;
    assert_snapshot!(world.run("builds:info -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Build 0190b3f4-0000-7000-8000-000000000001
    state:    failed
    reason:   Unable to select a buildpack
    image:    blog:git-aaaaaaaa
    commit:   aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    kind:     buildpack
    process:  web: serve
    owner:    admin
    created:  2024-05-01T10:00:00Z
    updated:  2024-05-01T10:00:00Z
    ----- stderr -----
    ");
    assert_eq!(world.run("builds:info -a blog"), world.run(&format!("builds:info {UUID} -a blog")));
    assert_snapshot!(world.run(&format!("builds:info {UUID} -a blog --json")), @r#"
    exit: 0
    ----- stdout -----
    {
      "uuid": "0190b3f4-0000-7000-8000-000000000001",
      "app": "blog",
      "owner": "admin",
      "image": "blog:git-aaaaaaaa",
      "sha": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "procfile": {
        "web": "serve"
      },
      "dockerfile": "",
      "created": "2024-05-01T10:00:00Z",
      "updated": "2024-05-01T10:00:00Z",
      "state": "failed",
      "reason": "Unable to select a buildpack"
    }
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn logs() {
    let world = World::logged_in().await;
    world.answers("GET", BUILDS, 200, page(&[build()])).await;
    let text = ResponseTemplate::new(200).set_body_string("-----> Building\n       \x1b[2Jdone\nno end");
    world.replies("GET", &format!("{BUILDS}/{UUID}/logs"), text).await;
    assert_snapshot!(world.run("builds:logs -a blog"), @r"
    exit: 0
    ----- stdout -----
    -----> Building
           \x1b[2Jdone
    no end
    ----- stderr -----
    ");
    assert_eq!(world.run("builds:logs -a blog"), world.run(&format!("builds:logs {UUID} -a blog -f")));
    assert_eq!(world.heard().await.last().unwrap().url.query(), Some("follow=true"));
}

#[tokio::test]
async fn cancel() {
    let world = World::logged_in().await;
    let path = format!("{BUILDS}/{UUID}/cancel");
    world.replies("POST", &path, ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run(&format!("builds:cancel {UUID} -a blog")), @r"
    exit: 0
    ----- stdout -----
    Cancelling build 0190b3f4-0000-7000-8000-000000000001... done
    ----- stderr -----
    ");
    let world = World::logged_in().await;
    world.answers("POST", &path, 409, json!({"detail": "The build has ended already."})).await;
    assert_snapshot!(world.run(&format!("builds:cancel {UUID} -a blog")), @r"
    exit: 1
    ----- stdout -----
    Cancelling build 0190b3f4-0000-7000-8000-000000000001... ⏎
    ----- stderr -----
    Error: The build has ended already.
    ");
}

#[tokio::test]
async fn there_may_be_none() {
    let world = World::logged_in().await;
    world.answers("GET", BUILDS, 200, page(&[])).await;
    assert_snapshot!(world.run("builds:logs -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Nothing was deployed to blog yet
      Push a commit, or deploy an image: mycli pull <image>
    ");
    assert_snapshot!(world.run("builds:cancel nonsense -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'nonsense' for '[BUILD]': a build is named by its id, as `builds:list` shows it

    For more information, try '--help'.
    ");
}
