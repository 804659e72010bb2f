//! `apps:run` and `ps:exec` as sessions, with a controller that can hold one.

use api::types::{Channel, SESSION_PROTOCOL};
use futures_util::{SinkExt, StreamExt};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        http::HeaderValue,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::{
    harness::{AT, World},
    terminal::Terminal,
};

/// What happens at the other end once the session has begun.
enum Script {
    /// Repeats what it reads; ends with this code at the end of the input.
    Repeat(i64),
    /// The connection breaks off.
    BreakOff,
    /// The router or controller goes away.
    GoAway,
    /// It could not be started.
    Fail,
}

/// A controller with one instance, which holds one session. Answers what it was asked for and how it was begun.
#[expect(clippy::result_large_err, reason = "the library says what is refused with")]
async fn controller(world: &World, script: Script) -> JoinHandle<(String, Value)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    world.write_settings(&json!({"username": "admin", "controller": uri, "token": "s3cret"}));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut path = String::new();
            let agreed =
                accept_hdr_async(stream, |request: &Request, response| Ok(agree(request, response, &mut path)));
            // What else it was asked for it has answered.
            if let Ok(socket) = agreed.await {
                return (path, converse(socket, script).await);
            }
        }
    })
}

/// What the client wants, as far as everybody who asks for a session says it.
fn agree(request: &Request, mut response: Response, path: &mut String) -> Response {
    request.uri().path().clone_into(path);
    assert_eq!(request.headers()["authorization"], "token s3cret");
    assert_eq!(request.headers()["sec-websocket-protocol"], SESSION_PROTOCOL);
    response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(SESSION_PROTOCOL));
    response
}

async fn converse(mut socket: WebSocketStream<TcpStream>, script: Script) -> Value {
    let begun = match socket.next().await {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    };
    say(&mut socket, &json!({"type": "started", "name": "blog-run-1vxqg"})).await;
    send(&mut socket, Channel::Output, b"ready\n").await;
    match script {
        Script::Repeat(code) => repeat(&mut socket, code).await,
        Script::BreakOff => {}
        Script::GoAway => {
            let frame = CloseFrame { code: CloseCode::Away, reason: "".into() };
            socket.send(Message::Close(Some(frame))).await.unwrap();
        }
        Script::Fail => say(&mut socket, &json!({"type": "failed", "detail": "it is\u{1b}[2J gone"})).await,
    }
    begun
}

async fn repeat(socket: &mut WebSocketStream<TcpStream>, code: i64) {
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Binary(message) => {
                let (_, data) = Channel::read(&message).unwrap();
                say(socket, &json!({"type": "taken", "bytes": data.len()})).await;
                send(socket, Channel::Output, data).await;
                send(socket, Channel::Errors, b"!\n").await;
            }
            Message::Text(text) if text.contains("end_of_input") => {
                return say(socket, &json!({"type": "exited", "code": code})).await;
            }
            _ => {}
        }
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, event: &Value) {
    socket.send(Message::Text(event.to_string().into())).await.unwrap();
}

async fn send(socket: &mut WebSocketStream<TcpStream>, channel: Channel, data: &[u8]) {
    socket.send(Message::Binary(channel.message(data).into())).await.unwrap();
}

/// Runs a command line that reads `input`, while the controller is held.
fn run(world: &World, line: &str, input: &str) -> String {
    tokio::task::block_in_place(|| world.run_with(line, input))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_piped_goes_there_and_comes_back() {
    let world = World::logged_in().await;
    let heard = controller(&world, Script::Repeat(42)).await;
    assert_snapshot!(run(&world, "run -a blog -- cat -n", "one\n"), @r"
    exit: 42
    ----- stdout -----
    ready
    one
    ----- stderr -----
    Running 'cat -n'...
    !
    ");
    let (path, begun) = heard.await.unwrap();
    assert_eq!((path.as_str(), begun), ("/v2/apps/blog/run", json!({"type": "start", "command": "cat -n"})));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_a_session_is_told() {
    for (script, words) in [
        (Script::BreakOff, "the connection to the controller ended before the command did"),
        (Script::GoAway, "the platform is being restarted, and the command was ended"),
        (Script::Fail, r"it is\x1b[2J gone"),
    ] {
        let world = World::logged_in().await;
        let heard = controller(&world, script).await;
        let shown = run(&world, "run -a blog bash", "");
        assert!(shown.starts_with("exit: 1\n----- stdout -----\nready\n") && shown.contains(words), "{shown}");
        // It was begun once.
        heard.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_is_as_before_whatever_ended() {
    for (script, end) in
        [(Script::BreakOff, "exit status: 1"), (Script::GoAway, "exit status: 1"), (Script::Fail, "exit status: 1")]
    {
        let world = World::logged_in().await;
        let heard = controller(&world, script).await;
        let words = ["run", "-a", "blog", "bash"].map(str::to_owned);
        let shown = tokio::task::block_in_place(|| Terminal::start(&world, &words).end(&world));
        assert!(shown.contains("ready") && shown.ends_with(end), "{shown}");
        let (_, begun) = heard.await.unwrap();
        assert_eq!(begun["terminal"]["kind"], "xterm");
    }
}

#[tokio::test]
async fn processes_go_by_type_or_by_the_end_of_their_names() {
    let world = World::logged_in().await;
    let pod = |kind: &str, end: &str| json!({"name": format!("blog-{kind}-3f9a1c07-{end}"), "type": kind, "state": "up", "release": "v3", "started": AT});
    let pods = json!({"count": 3, "results": [pod("worker", "aaaaa"), pod("web", "bbbbb"), pod("web", "ccccc")]});
    world.answers("GET", "/v2/apps/blog/pods", 200, pods).await;
    for (words, asked) in [
        ("ps:exec -a blog", "web/blog-web-3f9a1c07-bbbbb"),
        ("ps:exec worker -a blog -- ls", "worker/blog-worker-3f9a1c07-aaaaa"),
        ("ps:exec --dyno ccccc -a blog", "web/blog-web-3f9a1c07-ccccc"),
    ] {
        // This controller is an old one.
        let shown = world.run(words);
        assert!(shown.contains("The controller cannot execute commands in processes."), "{shown}");
        let heard = world.heard().await;
        assert_eq!(heard.last().unwrap().url.path(), format!("/v2/apps/blog/pods/{asked}/exec"));
    }
    assert_snapshot!(world.run("ps:exec bash -a blog"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: There is no process bash in app blog.
      `ps` lists the processes; a command stands behind --.
    ");
}

#[tokio::test]
async fn runs_are_begun_listed_and_stopped() {
    let world = World::logged_in().await;
    let run = json!({
        "name": "nightly", "command": "rake import", "user": "ana", "release": "v3", "detached": true, "created": AT, "until": AT,
    });
    world.answers("POST", "/v2/apps/blog/runs", 201, run.clone()).await;
    world.answers("GET", "/v2/apps/blog/runs", 200, json!({"count": 1, "results": [run]})).await;
    world.replies("POST", "/v2/apps/blog/runs/nightly/stop", wiremock::ResponseTemplate::new(204)).await;
    assert_snapshot!(world.run("run -d --name nightly --time-limit 2h -a blog -- rake import"), @r"
    exit: 0
    ----- stdout -----
    Starting 'rake import'... done, nightly
    ----- stderr -----
      mycli logs -a blog --instance nightly
      mycli runs:stop nightly -a blog
    ");
    let asked = json!({"command": "rake import", "name": "nightly", "time_limit": 7200});
    assert_eq!(world.body("POST", "/v2/apps/blog/runs").await, asked);
    assert_snapshot!(world.run("run:list -a blog"), @r"
    exit: 0
    ----- stdout -----
    === blog Runs
    nightly    v3 by ana since 2024-05-01T10:00:00Z, until 2024-05-01T10:00:00Z: rake import
    ----- stderr -----
    ");
    assert_snapshot!(world.run("runs:stop nightly -a blog"), @r"
    exit: 0
    ----- stdout -----
    Stopping nightly... done
    ----- stderr -----
    ");
    assert_snapshot!(world.run("run --name nightly -a blog ls"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: the following required arguments were not provided:
      --detach

    Usage: mycli apps:run --detach --name <NAME> --app <APP> <COMMAND>...

    For more information, try '--help'.
    ");
}
