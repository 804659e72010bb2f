//! Sessions with a command, over a connection that becomes a websocket (see `types/session.rs`).

use std::time::Duration;

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use reqwest::Upgraded;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Bytes, Message,
        protocol::{Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{Client, Error, Result};
use crate::{
    names::AppName,
    types::{Channel, SESSION_PIECE, SESSION_SILENCE_SECS, SessionEvent, SessionRequest},
};

/// After this much silence the controller counts as gone.
const SILENCE: Duration = Duration::from_secs(SESSION_SILENCE_SECS);
/// Bytes of a message: a piece of data, or an event.
const MAX_MESSAGE: usize = SESSION_PIECE * 4;

/// What the client says.
pub struct Sender(SplitSink<WebSocketStream<Upgraded>, Message>);

/// What the controller says.
pub struct Receiver(SplitStream<WebSocketStream<Upgraded>>);

/// One thing that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Data of the command.
    Data(Channel, Bytes),
    /// Something that happened.
    Event(SessionEvent),
}

/// A session in a container of its own; none where the controller knows no sessions.
pub async fn run(client: &Client, app: &AppName) -> Result<Option<(Sender, Receiver)>> {
    open(client, &["apps", app.as_str(), "run"]).await
}

/// A session in an instance; none where the controller knows no sessions.
pub async fn exec(
    client: &Client,
    app: &AppName,
    (process_type, name): (&str, &str),
) -> Result<Option<(Sender, Receiver)>> {
    open(client, &["apps", app.as_str(), "pods", process_type, name, "exec"]).await
}

async fn open(client: &Client, path: &[&str]) -> Result<Option<(Sender, Receiver)>> {
    let Some(connection) = client.get(path)?.upgraded().await? else { return Ok(None) };
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    let socket = WebSocketStream::from_raw_socket(connection, Role::Client, Some(config)).await;
    let (sender, receiver) = socket.split();
    Ok(Some((Sender(sender), Receiver(receiver))))
}

impl Sender {
    /// Says something.
    pub async fn say(&mut self, request: &SessionRequest) -> Result<()> {
        let text = serde_json::to_string(request).map_err(Error::Encode)?;
        self.send(Message::Text(text.into())).await
    }

    /// Sends input.
    pub async fn input(&mut self, data: &[u8]) -> Result<()> {
        self.send(Message::Binary(Channel::Input.message(data).into())).await
    }

    /// Says goodbye.
    pub async fn close(&mut self) -> Result<()> {
        self.send(Message::Close(None)).await
    }

    async fn send(&mut self, message: Message) -> Result<()> {
        self.0.send(message).await.map_err(|_| Error::CutOff)
    }
}

impl Receiver {
    /// The next thing. May be given up and asked for again.
    pub async fn next(&mut self) -> Result<Heard> {
        loop {
            let message = timeout(SILENCE, self.0.next()).await;
            match message.ok().flatten().and_then(std::result::Result::ok).ok_or(Error::CutOff)? {
                Message::Text(text) => {
                    return serde_json::from_str(&text).map(Heard::Event).map_err(Error::Unexpected);
                }
                Message::Binary(message) => {
                    if let Some((channel, data)) = Channel::read(&message) {
                        let start = message.len() - data.len();
                        return Ok(Heard::Data(channel, message.slice(start..)));
                    }
                }
                Message::Close(Some(frame)) if frame.code == CloseCode::Away => return Err(Error::Away),
                Message::Close(_) => return Err(Error::CutOff),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }
}
