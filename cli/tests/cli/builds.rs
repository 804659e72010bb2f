//! `builds:*`.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

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
