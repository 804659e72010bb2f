//! Connections that break, controllers that are away for a moment: what is sent again, and what is not.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

use insta::assert_snapshot;
use serde_json::json;
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{method, path},
};

use crate::harness::{World, app, page};

/// What a controller does with one connection.
enum Reply {
    /// Answers.
    Answer(u16, String),
    /// Hangs up in the midst of an answer.
    BreakOff(String),
    /// Reads the request and hangs up.
    HangUp,
}

/// The first line of a request, and its idempotency key.
type Heard = (String, Option<String>);

/// A controller that follows a script, one connection a line, and tells what it heard.
fn controller(script: Vec<Reply>) -> (String, JoinHandle<Vec<Heard>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let heard = thread::spawn(move || script.iter().map(|reply| serve(&listener.accept().unwrap().0, reply)).collect());
    (uri, heard)
}

fn serve(mut connection: &TcpStream, reply: &Reply) -> Heard {
    let mut reader = BufReader::new(connection);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let (mut key, mut length) = (None, 0);
    for line in reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = Some(value.to_owned()),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    reader.take(length).read_to_end(&mut Vec::new()).unwrap();
    let answer = match reply {
        Reply::Answer(status, body) => Some((status, body, body.len())),
        Reply::BreakOff(body) => Some((&200, body, body.len() + 1)),
        Reply::HangUp => None,
    };
    if let Some((status, body, length)) = answer {
        let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        connection.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }
    (first.trim_end().to_owned(), key)
}

/// Runs a command of a patient user.
fn patiently(world: &World, controller: &str, line: &str) -> String {
    world.write_settings(&json!({"username": "a", "controller": controller, "token": "t"}));
    let output = world.command().args(line.split(' ')).env("MYCLI_RETRY_SECONDS", "30").output().unwrap();
    world.shown(&output).replace(controller, "http://away")
}

fn answer(status: u16, body: &serde_json::Value) -> Reply {
    Reply::Answer(status, body.to_string())
}

#[tokio::test]
async fn a_lost_post_is_sent_again_with_the_same_key() {
    let world = World::new().await;
    let script = vec![Reply::HangUp, Reply::HangUp, answer(200, &json!({})), answer(201, &app("blog"))];
    let (uri, heard) = controller(script);
    assert_snapshot!(patiently(&world, &uri, "create --no-remote"), @r"
    exit: 0
    ----- stdout -----
    Creating Application... done, created blog
    If you want to add a git remote for this app later, use `mycli git:remote -a blog`
    ----- stderr -----
    !    the connection to the controller at http://away was lost: connection closed before message completed
    !    Trying again for up to 30 s ...
    ");
    let heard = heard.join().unwrap();
    let lines: Vec<_> = heard.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(
        lines,
        ["POST /v2/apps HTTP/1.1", "GET /v2/info HTTP/1.1", "GET /v2/info HTTP/1.1", "POST /v2/apps HTTP/1.1"]
    );
    assert!(heard[0].1.is_some());
    assert_eq!(heard[0].1, heard[3].1);
}

#[tokio::test]
async fn original_controllers_are_not_asked_twice() {
    let world = World::new().await;
    let (uri, heard) = controller(vec![Reply::HangUp, Reply::Answer(404, "<html>".to_owned())]);
    assert_snapshot!(patiently(&world, &uri, "create --no-remote"), @r"
    exit: 1
    ----- stdout -----
    Creating Application... ⏎
    ----- stderr -----
    !    the connection to the controller at http://away was lost: connection closed before message completed
    !    Trying again for up to 30 s ...
    Error: the connection to the controller at http://away was lost: connection closed before message completed
      It may have been carried out all the same; look before you try again.
    ");
    assert_eq!(heard.join().unwrap().len(), 2);
}

#[tokio::test]
async fn a_lost_read_is_sent_again() {
    let world = World::new().await;
    let (uri, heard) = controller(vec![Reply::HangUp, answer(200, &page(&[app("blog")]))]);
    assert_snapshot!(patiently(&world, &uri, "apps"), @r"
    exit: 0
    ----- stdout -----
    === Apps
    blog
    ----- stderr -----
    !    the connection to the controller at http://away was lost: connection closed before message completed
    !    Trying again for up to 30 s ...
    ");
    assert_eq!(heard.join().unwrap().len(), 2);
}

#[tokio::test]
async fn a_lost_run_is_not_run_again() {
    let world = World::new().await;
    // Asking for a session begins nothing, and this controller has none.
    let (uri, heard) = controller(vec![Reply::HangUp, Reply::Answer(405, String::new()), Reply::HangUp]);
    assert_snapshot!(patiently(&world, &uri, "run -a blog charge-cards"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Running 'charge-cards'...
    !    the connection to the controller at http://away was lost: connection closed before message completed
    !    Trying again for up to 30 s ...
    Error: the connection to the controller at http://away was lost: connection closed before message completed
      It may have been carried out all the same; look before you try again.
    ");
    let methods: Vec<_> =
        heard.join().unwrap().iter().map(|(first, _)| first.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["GET", "GET", "POST"]);
}

#[tokio::test]
async fn a_controller_that_is_away_for_a_moment() {
    let world = World::logged_in().await;
    let away = ResponseTemplate::new(503).append_header("retry-after", "0").set_body_json(json!({"detail": "soon"}));
    let first = Mock::given(method("POST")).and(path("/v2/apps")).respond_with(away).up_to_n_times(2);
    first.with_priority(1).mount(&world.server).await;
    world.answers("POST", "/v2/apps", 201, app("blog")).await;
    assert_snapshot!(patiently(&world, &world.server.uri(), "create --no-remote"), @r"
    exit: 0
    ----- stdout -----
    Creating Application... done, created blog
    If you want to add a git remote for this app later, use `mycli git:remote -a blog`
    ----- stderr -----
    !    the controller answered 503 Service Unavailable: soon
    !    Trying again for up to 30 s ...
    ");
    let keys: Vec<_> = world.heard().await.iter().map(|one| one.headers["idempotency-key"].clone()).collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]));
}

#[tokio::test]
async fn a_followed_build_log_goes_on_where_it_broke_off() {
    let world = World::new().await;
    let parts = ["one\nt", "one\ntwo\nthr", "one\ntwo\nthree\n"].map(str::to_owned);
    let [first, second, all] = parts;
    let script = vec![Reply::BreakOff(first), Reply::BreakOff(second), Reply::HangUp, Reply::Answer(200, all)];
    let (uri, heard) = controller(script);
    let build = "0197a3d1-0000-7000-8000-000000000001";
    assert_snapshot!(patiently(&world, &uri, &format!("builds:logs {build} -a blog --follow")), @r"
    exit: 0
    ----- stdout -----
    one
    two
    three
    ----- stderr -----
    !    the connection to the controller at http://away was lost: connection closed before message completed
    !    Trying again for up to 30 s ...
    ");
    assert_eq!(heard.join().unwrap().len(), 4);
}
