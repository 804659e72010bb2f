//! `apps:logs`.

use insta::assert_snapshot;
use wiremock::ResponseTemplate;

use crate::harness::World;

const LOGS: &str = "/v2/apps/blog/logs";

#[tokio::test]
async fn lines_as_the_controller_has_them() {
    let world = World::logged_in().await;
    let lines = "2024-05-01T10:00:00Z deis[controller]: INFO admin created initial release\n\
                 2024-05-01T10:00:05Z blog[cmd.1vxqg]: listening on \\n 8080\n";
    world.replies("GET", LOGS, ResponseTemplate::new(200).set_body_string(lines)).await;
    assert_snapshot!(world.run("logs -a blog -n 2"), @r"
    exit: 0
    ----- stdout -----
    2024-05-01T10:00:00Z deis[controller]: INFO admin created initial release
    2024-05-01T10:00:05Z blog[cmd.1vxqg]: listening on \n 8080
    ----- stderr -----
    ");
    world.run("logs -a blog");
    world.run("logs -a blog --lines 0");
    let heard = world.heard().await;
    let queries: Vec<_> = heard.iter().map(|one| one.url.query()).collect();
    assert_eq!(queries, [Some("log_lines=2"), None, None]);
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_spelled_out() {
    let world = World::logged_in().await;
    let lines = "2024-05-01T10:00:05Z blog[web.1]: \x1b]0;owned\x07\x1b[2Jhello\r\n";
    world.replies("GET", LOGS, ResponseTemplate::new(200).set_body_string(lines)).await;
    assert_snapshot!(world.run("logs -a blog"), @r"
    exit: 0
    ----- stdout -----
    2024-05-01T10:00:05Z blog[web.1]: \x1b]0;owned\x07\x1b[2Jhello
    ----- stderr -----
    ");
}

#[tokio::test]
async fn none() {
    let world = World::logged_in().await;
    world.replies("GET", LOGS, ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run("logs -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: There are currently no log messages. Please check the following things:
    1) Has the application been deployed? `mycli releases -a blog` lists what was.
    2) Do its processes run? `mycli ps -a blog` lists them.
    3) Do they write to standard output or standard error? Nothing else is recorded.
    ");
}
