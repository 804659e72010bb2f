//! `GET /v2/apps/{id}/run` and `/v2/apps/{id}/pods/{type}/{name}/exec` as websockets.

use std::time::Duration;

use api::types::{Channel, SESSION_PIECE, SESSION_PROTOCOL, SESSION_WINDOW};
use axum::http::StatusCode;
use controller::platform::{AppRef, memory::Script};
use futures_util::{SinkExt, StreamExt};
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{net::UnixStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::harness::{Client, Installation};

/// Longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of a session.
struct Session {
    socket: WebSocketStream<UnixStream>,
    read: String,
}

impl Session {
    /// Asks for one.
    async fn ask(installation: &Installation, client: &Client, path: &str) -> Result<Self, Error> {
        let mut request = format!("ws://slipway.localhost{path}").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", HeaderValue::from_static(SESSION_PROTOCOL));
        headers.insert("authorization", HeaderValue::from_str(&client.authorization()).unwrap());
        let stream = UnixStream::connect(installation.listen()).await.unwrap();
        let (socket, _) = client_async(request, stream).await?;
        Ok(Self { socket, read: String::new() })
    }

    /// Begins `command`, on a terminal perhaps.
    async fn begin(installation: &Installation, client: &Client, path: &str, start: Value) -> Self {
        let mut session = Self::ask(installation, client, path).await.unwrap();
        session.says(start).await;
        session
    }

    async fn says(&mut self, request: Value) {
        self.socket.send(Message::Text(request.to_string().into())).await.unwrap();
    }

    async fn types(&mut self, data: &[u8]) {
        self.socket.send(Message::Binary(Channel::Input.message(data).into())).await.unwrap();
    }

    /// The next message that is no sign of life; none at the end.
    async fn next(&mut self) -> Option<Message> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.unwrap()?;
            match message.ok()? {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return Some(message),
            }
        }
    }

    /// The next event, output passed over.
    async fn event(&mut self) -> Value {
        loop {
            match self.next().await.unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Binary(message) => self.take(&message),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits until the command has written that.
    async fn reads(&mut self, text: &str) {
        while !self.read.contains(text) {
            match self.next().await.unwrap() {
                Message::Binary(message) => self.take(&message),
                Message::Text(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn take(&mut self, message: &[u8]) {
        let (_, data) = Channel::read(message).unwrap();
        self.read += &String::from_utf8_lossy(data);
    }

    /// Reads on to the last event, and how it is closed.
    async fn end(mut self) -> (Value, u16) {
        let mut last = Value::Null;
        loop {
            match self.next().await {
                Some(Message::Text(text)) => last = serde_json::from_str(&text).unwrap(),
                Some(Message::Close(frame)) => return (last, frame.map_or(0, |frame| frame.code.into())),
                Some(_) => {}
                None => return (last, 0),
            }
        }
    }
}

/// An app `blog` whose image repeats what it reads, and the name of its instance.
async fn blog(installation: &Installation, client: &Client) -> String {
    installation.platform.image("example:latest", Script { repeats: true, ..Script::serves(5000) });
    client.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    client.post("/v2/apps/blog/builds", json!({"image": "example"})).await.expect(StatusCode::CREATED);
    let pods = client.get("/v2/apps/blog/pods").await.json();
    pods["results"][0]["name"].as_str().unwrap().to_owned()
}

/// The app as the platform knows it.
async fn app_ref(installation: &Installation) -> AppRef {
    let app = controller::db::app::find(&installation.pool, &"blog".parse().unwrap()).await.unwrap().unwrap();
    AppRef { uuid: app.uuid, platform_name: app.platform_name }
}

/// Waits until nothing is left of any run, row or container.
async fn nothing_is_left(installation: &Installation) {
    let app = app_ref(installation).await;
    installation
        .eventually(async || {
            let rows: i64 =
                sqlx::query_scalar("select count(*) from runs").fetch_one(&installation.pool).await.unwrap();
            rows == 0 && installation.platform.exists(&app).runs.is_empty()
        })
        .await;
}

const RUN: &str = "/v2/apps/blog/run";

#[sqlx::test(migrations = "../migrations")]
async fn a_run_reads_writes_and_ends(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    blog(&installation, &admin).await;
    let mut session = Session::begin(&installation, &admin, RUN, json!({"type": "start", "command": "cat"})).await;
    let started = session.event().await;
    assert!(started["name"].as_str().unwrap().starts_with("blog-run-"), "{started}");
    session.types(b"one\nsize\n").await;
    session.reads("one\nno terminal\n").await;
    session.says(json!({"type": "end_of_input"})).await;
    assert_eq!(session.end().await, (json!({"type": "exited", "code": 0}), 1000));
    nothing_is_left(&installation).await;
    assert!(admin.get("/v2/apps/blog/logs").await.body.contains("runs 'cat'"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_terminal_changes_its_size_and_sends_ctrl_c(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let instance = blog(&installation, &admin).await;
    let exec = format!("/v2/apps/blog/pods/cmd/{instance}/exec");
    for (path, command) in [(RUN, Some("bash")), (&exec, Some("bash")), (&exec, None)] {
        let start = json!({"type": "start", "command": command, "terminal": {"rows": 24, "columns": 80}});
        let mut session = Session::begin(&installation, &admin, path, start).await;
        session.types(b"size\n").await;
        session.reads("24 80\n").await;
        session.says(json!({"type": "resize", "rows": 50, "columns": 132})).await;
        session.types(b"size\n").await;
        session.reads("50 132\n").await;
        session.types(b"\x03").await;
        assert_eq!(session.end().await.0, json!({"type": "exited", "code": 130}), "{path}");
    }
    nothing_is_left(&installation).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn signals_pass_input_that_nobody_reads(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    blog(&installation, &admin).await;
    // It runs, and reads nothing.
    installation.platform.image("example:latest", Script::default());
    let mut session = Session::begin(&installation, &admin, RUN, json!({"type": "start", "command": "sleep"})).await;
    assert_eq!(session.event().await["type"], "started");
    let piece = vec![0; SESSION_PIECE];
    for _ in 0..SESSION_WINDOW / SESSION_PIECE {
        session.types(&piece).await;
    }
    session.says(json!({"type": "signal", "name": "TERM"})).await;
    assert_eq!(session.end().await.0, json!({"type": "exited", "code": 143}));
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_sends_more_than_there_is_room_for_is_sent_away(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    blog(&installation, &admin).await;
    installation.platform.image("example:latest", Script::default());
    let mut session = Session::begin(&installation, &admin, RUN, json!({"type": "start", "command": "sleep"})).await;
    assert_eq!(session.event().await["type"], "started");
    let piece = vec![0; SESSION_PIECE];
    for _ in 0..=SESSION_WINDOW / SESSION_PIECE + 1 {
        // It may be over before all of it is said.
        let _ = session.socket.send(Message::Binary(Channel::Input.message(&piece).into())).await;
    }
    session.end().await;
    nothing_is_left(&installation).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_client_that_vanishes_leaves_nothing(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    blog(&installation, &admin).await;
    let mut session = Session::begin(&installation, &admin, RUN, json!({"type": "start", "command": "cat"})).await;
    session.types(b"one\n").await;
    session.reads("one\n").await;
    let app = app_ref(&installation).await;
    assert_eq!(installation.platform.exists(&app).runs.len(), 1);
    drop(session);
    nothing_is_left(&installation).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_controller_that_stops_says_so_and_leaves_nothing(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    blog(&installation, &admin).await;
    let mut session = Session::begin(&installation, &admin, RUN, json!({"type": "start", "command": "cat"})).await;
    session.types(b"one\n").await;
    session.reads("one\n").await;
    installation.stop();
    let (last, code) = session.end().await;
    assert_snapshot!(last["detail"].as_str().unwrap(), @"The controller is being restarted, and what ran here was ended. Begin it again.");
    assert_eq!(code, 1001);
    // The next controller finds it ended, and removes it.
    let ended: i64 = sqlx::query_scalar("select count(*) from runs where ended_at is null")
        .fetch_one(&installation.pool)
        .await
        .unwrap();
    assert_eq!(ended, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_may_use_the_app_no_more_is_sent_away(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    let ana = installation.user(&admin, "ana").await;
    blog(&installation, &admin).await;
    admin.post("/v2/apps/blog/perms", json!({"username": "ana"})).await.expect(StatusCode::CREATED);
    let mut session = Session::begin(&installation, &ana, RUN, json!({"type": "start", "command": "cat"})).await;
    assert_eq!(session.event().await["type"], "started");
    admin.delete("/v2/apps/blog/perms/ana").await.expect(StatusCode::NO_CONTENT);
    let (last, code) = session.end().await;
    assert_snapshot!(last["detail"].as_str().unwrap(), @"You may not use this app any more.");
    assert_eq!(code, 1008);
    nothing_is_left(&installation).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_begin_is_refused_in_words(pool: PgPool) {
    let (installation, admin) = Installation::with_admin(pool).await;
    blog(&installation, &admin).await;
    for (start, detail) in [
        (json!({"type": "start"}), "command is a required field"),
        (json!({"type": "end_of_input"}), "A session begins with start."),
        (json!({"type": "start", "command": "a\0b"}), "Null characters are not allowed."),
    ] {
        let session = Session::begin(&installation, &admin, RUN, start).await;
        assert_eq!(session.end().await, (json!({"type": "failed", "detail": detail}), 1000));
    }
    let missing = Session::ask(&installation, &admin, "/v2/apps/blog/pods/cmd/nosuch/exec").await;
    let Err(Error::Http(answer)) = missing else { panic!("it began") };
    let body = String::from_utf8(answer.body().clone().unwrap_or_default()).unwrap();
    assert_snapshot!(body, @r#"{"detail":"Pod nosuch does not exist in application"}"#);
    // Without the wish for a websocket there is nothing here.
    assert_eq!(admin.get(RUN).await.status, StatusCode::BAD_REQUEST);
}
