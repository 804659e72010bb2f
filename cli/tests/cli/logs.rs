//! `apps:logs`.

use insta::assert_snapshot;
use serde_json::{Value, json};
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{method, path, query_param},
};

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

/// A batch as the controller writes it.
fn batch(cursor: &str, lines: &[Value]) -> String {
    json!({"lines": lines, "cursor": cursor}).to_string() + "\n"
}

fn line(process_type: &str, text: &str) -> Value {
    json!({
        "at": "2024-05-01T10:00:05.123456789Z", "source": format!("blog[{process_type}.v3.1vxqg]"),
        "process_type": process_type, "instance": format!("blog-{process_type}-3f9a1c07-1vxqg"), "release": 3, "text": text,
    })
}

fn ndjson(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.to_owned(), "application/x-ndjson")
}

#[tokio::test]
async fn the_wanted_lines() {
    let world = World::logged_in().await;
    let said =
        json!({"at": "2024-05-01T10:00:06Z", "source": "deis[controller]", "level": "INFO", "text": "ana scaled"});
    world.replies("GET", LOGS, ndjson(&batch("1", &[line("web", "GET / \u{1b}[2J"), said]))).await;
    assert_snapshot!(world.run("logs -a blog --type web --instance 1vxqg --since 2024-05-01T10:00:00Z -n 5"), @r"
    exit: 0
    ----- stdout -----
    2024-05-01T10:00:05+00:00 blog[web.v3.1vxqg]: GET / \x1b[2J
    2024-05-01T10:00:06+00:00 deis[controller]: INFO ana scaled
    ----- stderr -----
    ");
    assert_snapshot!(world.run("logs -a blog --json"), @r#"
    exit: 0
    ----- stdout -----
    {"at":"2024-05-01T10:00:05.123456789Z","source":"blog[web.v3.1vxqg]","process_type":"web","instance":"blog-web-3f9a1c07-1vxqg","release":3,"text":"GET / \u001b[2J"}
    {"at":"2024-05-01T10:00:06Z","source":"deis[controller]","level":"INFO","text":"ana scaled"}
    ----- stderr -----
    "#);
    let heard = world.heard().await;
    assert_snapshot!(heard[0].url.query().unwrap(), @"log_lines=5&type=web&instance=1vxqg&since=2024-05-01T10%3A00%3A00.000000000Z");
    assert_snapshot!(world.run("logs -a blog --since yesterday"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'yesterday' for '--since <TIME>': it is neither like 10m nor like 2024-05-01T10:00:00Z

    For more information, try '--help'.
    ");
    assert_snapshot!(world.run("logs -a blog --type Web"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'Web' for '--type <TYPE>': Process types can only contain lowercase alphanumeric characters

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn what_follows_is_shown_once_whoever_ends() {
    let world = World::logged_in().await;
    let asked = |query| Mock::given(method("GET")).and(path(LOGS)).and(query);
    let first = batch("1-a", &[line("web", "one")]) + &batch("1-b", &[line("web", "two"), line("worker", "three")]);
    // The second batch does not come to its end: it is asked for again.
    let broken = batch("1-c", &[line("web", "four")]);
    asked(query_param("after", "1-c")).respond_with(ResponseTemplate::new(404)).mount(&world.server).await;
    asked(query_param("after", "1-b")).respond_with(ndjson(&broken)).mount(&world.server).await;
    let cut = first + &broken[..20];
    asked(query_param("follow", "true")).respond_with(ndjson(&cut)).mount(&world.server).await;
    assert_snapshot!(world.run("logs -a blog -f"), @r"
    exit: 1
    ----- stdout -----
    2024-05-01T10:00:05+00:00 blog[web.v3.1vxqg]: one
    2024-05-01T10:00:05+00:00 blog[web.v3.1vxqg]: two
    2024-05-01T10:00:05+00:00 blog[worker.v3.1vxqg]: three
    2024-05-01T10:00:05+00:00 blog[web.v3.1vxqg]: four
    ----- stderr -----
    Error: Not Found
      Is this the address of a controller?
    ");
}

#[tokio::test]
async fn an_original_controller_cannot_choose() {
    let world = World::logged_in().await;
    world.replies("GET", LOGS, ResponseTemplate::new(200).set_body_string("x")).await;
    assert_snapshot!(world.run("logs -a blog --follow"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: This controller shows the last lines of all processes and nothing else: only -n can be used with it.
    ");
    assert_snapshot!(world.run("logs -a blog --type web"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: This controller shows the last lines of all processes and nothing else: only -n can be used with it.
    ");
}
