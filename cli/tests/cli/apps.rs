//! `apps:*`, without the two that stream: they have files of their own.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::harness::{World, app, domain, page, pod, settings};

#[tokio::test]
async fn create_without_a_remote() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/apps", 201, app("jangly-sailfish")).await;
    assert_snapshot!(world.run("create --no-remote"), @r"
    exit: 0
    ----- stdout -----
    Creating Application... done, created jangly-sailfish
    If you want to add a git remote for this app later, use `mycli git:remote -a jangly-sailfish`
    ----- stderr -----
    ");
    let heard = world.heard().await;
    assert_eq!(heard[0].headers["authorization"], "token s3cret");
    assert!(heard[0].headers["user-agent"].to_str().unwrap().starts_with("Slipway Client "));
    assert!(heard[0].headers.contains_key("idempotency-key"));
}

#[tokio::test]
async fn create_adds_a_git_remote() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/apps", 201, app("blog")).await;
    world.answers("POST", "/v2/apps/blog/config", 201, crate::harness::config(&json!({}))).await;
    world.git(&["init", "--quiet"]);
    assert_snapshot!(world.run("apps:create blog --buildpack https://example.com/pack"), @r"
    exit: 0
    ----- stdout -----
    Creating Application... done, created blog
    Git remote mycli successfully created for app blog.
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/apps").await, json!({"id": "blog"}));
    assert_snapshot!(world.git(&["remote", "-v"]), @r"
    mycli	ssh://git@127.0.0.1:2222/blog.git (fetch)
    mycli	ssh://git@127.0.0.1:2222/blog.git (push)
    ");

    assert_snapshot!(world.run("create blog"), @r"
    exit: 1
    ----- stdout -----
    Creating Application... done, created blog
    ----- stderr -----
    Error: A git remote with the name mycli already exists. To overwrite this remote run:
    mycli git:remote --force --remote mycli --app blog
      The application blog exists all the same; --no-remote creates one without a remote.
    ");
}

#[tokio::test]
async fn create_outside_a_repository() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/apps", 201, app("blog")).await;
    assert_snapshot!(world.run("create blog"), @r"
    exit: 1
    ----- stdout -----
    Creating Application... done, created blog
    ----- stderr -----
    Error: Error when running 'git remote add mycli ssh://git@127.0.0.1:2222/blog.git'
    fatal: not a git repository (or any of the parent directories): .git
      The application blog exists all the same; --no-remote creates one without a remote.
    ");
}

#[tokio::test]
async fn create_with_a_bad_name() {
    let world = World::logged_in().await;
    let text = "App name must start with an alphabetic character, cannot end with a hyphen and can only contain a-z \
                (lowercase), 0-9 and hyphens.";
    world.answers("POST", "/v2/apps", 400, json!({"id": [text]})).await;
    assert_snapshot!(world.run("create 1a"), @r"
    exit: 1
    ----- stdout -----
    Creating Application... ⏎
    ----- stderr -----
    Error: App name must start with an alphabetic character, cannot end with a hyphen and can only contain a-z (lowercase), 0-9 and hyphens.
    ");
}

#[tokio::test]
async fn list() {
    let world = World::logged_in().await;
    let mut one = page(&[app("blog"), app("shop")]);
    one["count"] = json!(7);
    world.answers("GET", "/v2/apps", 200, one).await;
    assert_snapshot!(world.run("apps --limit 2"), @r"
    exit: 0
    ----- stdout -----
    === Apps (2 of 7)
    blog
    shop
    ----- stderr -----
    ");
    assert_snapshot!(world.run("apps:list --json"), @r#"
    exit: 0
    ----- stdout -----
    [
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "id": "blog",
        "owner": "admin",
        "structure": {
          "cmd": 1
        },
        "procfile_structure": {},
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z"
      },
      {
        "uuid": "0190b3f4-0000-7000-8000-000000000001",
        "id": "shop",
        "owner": "admin",
        "structure": {
          "cmd": 1
        },
        "procfile_structure": {},
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z"
      }
    ]
    ----- stderr -----
    "#);
    let heard = world.heard().await;
    assert_eq!((heard[0].url.query(), heard[1].url.query()), (Some("limit=2"), Some("limit=100")));
}

/// An app with a process, two domains and a label.
async fn with_blog() -> World {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/apps/blog", 200, app("blog")).await;
    world.answers("GET", "/v2/apps/blog/domains", 200, page(&[domain("blog"), domain("www.example.com")])).await;
    world.answers("GET", "/v2/apps/blog/pods", 200, json!({"count": 1, "results": [pod("cmd", "1vxqg")]})).await;
    world.answers("GET", "/v2/apps/blog/settings", 200, settings(&json!({"team": "front"}))).await;
    world
}

#[tokio::test]
async fn info() {
    let world = with_blog().await;
    assert_snapshot!(world.run("info -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Application
    updated:  2024-05-01T10:00:00Z
    uuid:     0190b3f4-0000-7000-8000-000000000001
    created:  2024-05-01T10:00:00Z
    url:      blog
    owner:    admin
    id:       blog

    === blog Processes
    --- cmd:
    blog-cmd-3f9a1c07-1vxqg up (v3)

    === blog Domains
    blog
    www.example.com

    === blog Label
    team:      front

    ----- stderr -----
    ");
}

#[tokio::test]
async fn info_for_programs() {
    let world = with_blog().await;
    assert_snapshot!(world.run("apps:info -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {
      "uuid": "0190b3f4-0000-7000-8000-000000000001",
      "id": "blog",
      "owner": "admin",
      "structure": {
        "cmd": 1
      },
      "procfile_structure": {},
      "created": "2024-05-01T10:00:00Z",
      "updated": "2024-05-01T10:00:00Z",
      "url": "blog",
      "processes": [
        {
          "name": "blog-cmd-3f9a1c07-1vxqg",
          "type": "cmd",
          "state": "up",
          "release": "v3",
          "started": "2024-05-01T10:00:00Z"
        }
      ],
      "domains": [
        {
          "owner": "admin",
          "app": "blog",
          "domain": "blog",
          "created": "2024-05-01T10:00:00Z",
          "updated": "2024-05-01T10:00:00Z"
        },
        {
          "owner": "admin",
          "app": "blog",
          "domain": "www.example.com",
          "created": "2024-05-01T10:00:00Z",
          "updated": "2024-05-01T10:00:00Z"
        }
      ],
      "labels": {
        "team": "front"
      }
    }
    ----- stderr -----
    "#);
}

#[tokio::test]
async fn the_app_comes_from_a_git_remote_or_the_folder() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/apps/blog/builds", 200, page(&[])).await;
    world.answers("GET", "/v2/apps/folder/builds", 200, page(&[])).await;
    let folder = world.home.path().join("Folder");
    fs::create_dir(&folder).unwrap();
    let output = world.command().arg("builds").current_dir(&folder).output().unwrap();
    assert_snapshot!(world.shown(&output), @r"
    exit: 0
    ----- stdout -----
    === folder Builds
    ----- stderr -----
    ");

    world.git(&["init", "--quiet"]);
    world.git(&["remote", "add", "other", "https://example.com/other.git"]);
    world.git(&["remote", "add", "prod", "ssh://git@127.0.0.1:2222/blog.git"]);
    assert_snapshot!(world.run("builds"), @r"
    exit: 0
    ----- stdout -----
    === blog Builds
    ----- stderr -----
    ");
}

#[tokio::test]
async fn open_needs_a_domain_and_a_browser() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/apps/blog/domains", 200, page(&[])).await;
    assert_snapshot!(world.run("open -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: No domain assigned to blog
    ");

    let opener = world.home.path().join("xdg-open");
    fs::write(&opener, "#!/bin/sh\nprintf '%s' \"$1\" > opened\n").unwrap();
    fs::set_permissions(&opener, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    world.server.reset().await;
    world.answers("GET", "/v2/apps/blog/domains", 200, page(&[domain("www.example.com")])).await;
    assert_snapshot!(world.run("open -a blog"), @r"
    exit: 0
    ----- stdout -----
    ----- stderr -----
    ");
    assert_eq!(fs::read_to_string(world.home.path().join("opened")).unwrap(), "http://www.example.com");
}

#[tokio::test]
async fn destroy_wants_to_be_confirmed() {
    let world = World::logged_in().await;
    world.replies("DELETE", "/v2/apps/blog", ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run("destroy -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: blog was not destroyed: there is nobody to confirm it
      To destroy it without a question: mycli destroy -a blog --confirm=blog
    ");
    assert_snapshot!(world.run("destroy -a blog --confirm=blogg"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: App blog does not match confirm blogg, aborting.
    ");
    assert_eq!(world.heard().await.len(), 0);
    assert_snapshot!(world.run("destroy -a blog --confirm=blog"), @r"
    exit: 0
    ----- stdout -----
    Destroying blog...
    done in <N>s
    ----- stderr -----
    ");
}

#[tokio::test]
async fn destroy_removes_the_remotes_of_an_app_that_was_found_by_them() {
    let world = World::logged_in().await;
    world.replies("DELETE", "/v2/apps/blog", ResponseTemplate::new(204)).await;
    world.git(&["init", "--quiet"]);
    world.git(&["remote", "add", "mycli", "ssh://git@127.0.0.1:2222/blog.git"]);
    assert_snapshot!(world.run("apps:destroy --confirm=blog"), @r"
    exit: 0
    ----- stdout -----
    Destroying blog...
    done in <N>s
    Git remotes for app blog removed.
    ----- stderr -----
    ");
    assert_eq!(world.git(&["remote"]), "");
}

#[tokio::test]
async fn transfer() {
    let world = World::logged_in().await;
    world.replies("POST", "/v2/apps/blog", ResponseTemplate::new(200)).await;
    assert_snapshot!(world.run("apps:transfer ana -a blog"), @r"
    exit: 0
    ----- stdout -----
    Transferring blog to ana... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/apps/blog").await, json!({"owner": "ana"}));
}

#[tokio::test]
async fn rename() {
    let world = World::logged_in().await;
    world.answers("POST", "/v2/apps/blog", 200, json!(null)).await;
    assert_snapshot!(world.run("apps:rename journal -a blog"), @r"
    exit: 0
    ----- stdout -----
    Renaming blog to journal... done
    ----- stderr -----
    ");
    assert_eq!(world.body("POST", "/v2/apps/blog").await, json!({"id": "journal"}));
    world.git(&["init", "--quiet"]);
    world.git(&["remote", "add", "mycli", "ssh://git@127.0.0.1:2222/blog.git"]);
    world.git(&["remote", "add", "origin", "git@example.com:blog.git"]);
    assert_snapshot!(world.run("apps:rename journal"), @r"
    exit: 0
    ----- stdout -----
    Renaming blog to journal... done
    Git remote mycli leads to journal now.
    ----- stderr -----
    ");
    assert_snapshot!(world.git(&["remote", "-v"]), @r"
    mycli	ssh://git@127.0.0.1:2222/journal.git (fetch)
    mycli	ssh://git@127.0.0.1:2222/journal.git (push)
    origin	git@example.com:blog.git (fetch)
    origin	git@example.com:blog.git (push)
    ");
    assert_snapshot!(world.run("apps:rename Journal -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'Journal' for '<NAME>': App name must start with an alphabetic character, cannot end with a hyphen and can only contain a-z (lowercase), 0-9 and hyphens.

    For more information, try '--help'.
    ");
}
