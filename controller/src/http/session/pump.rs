//! Moves what is said between a client and a command, each at its own pace and in bounded memory.

use std::{collections::VecDeque, future::pending, pin::pin, time::Duration};

use api::types::{
    Channel, SESSION_PING_SECS, SESSION_SILENCE_SECS, SESSION_WINDOW, SessionEvent, SessionRequest, SessionSignal, Size,
};
use axum::extract::ws::{Message, WebSocket, close_code};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, interval, sleep, timeout},
};

use super::{close, outbox::Outbox, text};
use crate::{
    error::Error,
    outage::unavailable,
    platform::{Attached, RunOutput},
    runs::{self, Session},
};

/// Messages on their way to the connection.
const UNDER_WAY: usize = 4;
/// Between two questions whether the client is there.
const PING: Duration = Duration::from_secs(SESSION_PING_SECS);
/// After this much silence it counts as gone.
const SILENCE: Duration = Duration::from_secs(SESSION_SILENCE_SECS);
/// Time in which a client takes the last words.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Why a session ends.
pub(super) enum End {
    /// The command has ended with this code.
    Exited(i64),
    /// The platform does not tell any more.
    Failed(Error),
    /// The client went away or broke the rules.
    Gone,
    /// The client may use the app no more.
    Forbidden,
    /// The controller stops.
    Stopping,
    /// The time is over.
    Overdue,
}

/// A session under way.
pub(super) struct Pump {
    session: Session,
    outbox: Outbox,
    reader: futures_util::stream::SplitStream<WebSocket>,
    sender: mpsc::Sender<Message>,
    writer: JoinHandle<()>,
    /// Input that the command has not read.
    input: VecDeque<Bytes>,
    /// Bytes of it.
    waiting: usize,
    /// Nothing more comes for it.
    input_ended: bool,
    /// The command takes none any more.
    deaf: bool,
    heard_at: Instant,
}

impl Pump {
    /// Begins with `first`.
    pub(super) fn new(socket: WebSocket, session: Session, first: SessionEvent) -> Self {
        let (writer, reader) = socket.split();
        let (sender, messages) = mpsc::channel(UNDER_WAY);
        Self {
            session,
            outbox: Outbox::new(first),
            reader,
            sender,
            writer: tokio::spawn(write(writer, messages)),
            input: VecDeque::new(),
            waiting: 0,
            input_ended: false,
            deaf: false,
            heard_at: Instant::now(),
        }
    }

    /// Until it ends. May be given up at any time.
    pub(super) async fn run(&mut self) -> End {
        let mut ticks = interval(PING);
        let mut limit = pin!(sleep(runs::DEFAULT_LIMIT));
        let sender = self.sender.clone();
        loop {
            let Attached { output, input, .. } = &mut self.session.attached;
            tokio::select! {
                message = self.reader.next() => {
                    let Some(Ok(message)) = message else { return End::Gone };
                    if let Err(end) = self.hear(message).await {
                        return end;
                    }
                }
                step = output.next(), if self.outbox.has_room() => match step {
                    Some(Ok(RunOutput::Stdout(bytes))) => self.outbox.put(Channel::Output, bytes),
                    Some(Ok(RunOutput::Stderr(bytes))) => self.outbox.put(Channel::Errors, bytes),
                    Some(Ok(RunOutput::Exited(code))) => return End::Exited(code),
                    Some(Err(error)) => return End::Failed(unavailable(error)),
                    None => return End::Failed(anyhow::anyhow!("a command ended without an exit code").into()),
                },
                written = feed(input, self.input.front(), self.input_ended), if !self.deaf => self.fed(written),
                permit = sender.reserve(), if self.outbox.is_due() => {
                    let Ok(permit) = permit else { return End::Gone };
                    if let Some(message) = self.outbox.next() {
                        permit.send(message);
                    }
                }
                _ = ticks.tick() => {
                    if self.heard_at.elapsed() > SILENCE {
                        return End::Gone;
                    }
                    self.outbox.ping();
                }
                () = &mut limit => return End::Overdue,
            }
        }
    }

    /// Ends the command, then tells the client why.
    pub(super) async fn end(mut self, end: End) {
        let (event, code) = match end {
            End::Gone => (None, close_code::NORMAL),
            End::Exited(code) => (Some(SessionEvent::Exited { code }), close_code::NORMAL),
            End::Failed(error) => (Some(failed(words(&error))), close_code::NORMAL),
            End::Forbidden => (Some(failed("You may not use this app any more.")), close_code::POLICY),
            End::Overdue => (Some(failed("It went on for a day, and was ended.")), close_code::NORMAL),
            End::Stopping => {
                let text = "The controller is being restarted, and what ran here was ended. Begin it again.";
                (Some(failed(text)), close_code::AWAY)
            }
        };
        self.session.end().await;
        let last = async {
            for message in event.as_ref().map(text).into_iter().chain([close(code)]) {
                self.sender.send(message).await.ok()?;
            }
            drop(self.sender);
            self.writer.await.ok()?;
            // Until it has hung up: what it says meanwhile would find nobody, and whoever is between would take that for
            // the end of all, last words included.
            while let Some(Ok(_)) = self.reader.next().await {}
            Some(())
        };
        // A client that does not listen any more is not told.
        let _ = timeout(LAST_WORDS, last).await;
    }

    async fn hear(&mut self, message: Message) -> Result<(), End> {
        self.heard_at = Instant::now();
        match message {
            Message::Text(text) => match serde_json::from_str(&text).map_err(|_| End::Gone)? {
                SessionRequest::Resize(size) => self.resize(size).await,
                SessionRequest::Signal { name } => self.signal(name).await,
                SessionRequest::EndOfInput => self.input_ended = true,
                SessionRequest::Taken { bytes } => self.outbox.give(bytes),
                SessionRequest::Start { .. } | SessionRequest::Unknown => {}
            },
            Message::Binary(message) => {
                let Some((Channel::Input, data)) = Channel::read(&message) else { return Ok(()) };
                self.waiting += data.len();
                if self.waiting > SESSION_WINDOW {
                    return Err(End::Gone);
                }
                if self.deaf {
                    self.drop_input();
                } else if !data.is_empty() {
                    self.input.push_back(message.slice(message.len() - data.len()..));
                }
            }
            Message::Close(_) => return Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) => {}
        }
        Ok(())
    }

    /// Neither of these is worth the session: what ends meanwhile takes none any more.
    async fn resize(&mut self, size: Size) {
        if let Err(error) = self.session.attached.control.resize(size).await {
            tracing::debug!(%error, "a terminal keeps its size");
        }
    }

    async fn signal(&mut self, signal: SessionSignal) {
        if let Err(error) = self.session.attached.control.signal(signal).await {
            tracing::warn!(%error, "a signal is not passed on");
        }
    }

    /// The command took some input; none means that it takes no more.
    fn fed(&mut self, written: Option<usize>) {
        let Some(count) = written else {
            self.deaf = true;
            return self.drop_input();
        };
        self.waiting = self.waiting.saturating_sub(count);
        self.outbox.took(count);
        let rest = self.input.pop_front().map(|mut front| front.split_off(count)).filter(|rest| !rest.is_empty());
        if let Some(rest) = rest {
            self.input.push_front(rest);
        }
    }

    /// As a pipe that nobody reads: the client may go on all the same.
    fn drop_input(&mut self) {
        self.input.clear();
        self.outbox.took(std::mem::take(&mut self.waiting));
    }
}

/// Writes the next input, or its end; none when nothing is taken any more. May be given up at any time, and was then not
/// written.
async fn feed(input: &mut (dyn AsyncWrite + Send + Unpin), next: Option<&Bytes>, ended: bool) -> Option<usize> {
    match next {
        Some(piece) => input.write(piece).await.ok().filter(|count| *count > 0),
        None if ended => input.shutdown().await.ok().and(None),
        None => pending().await,
    }
}

/// Brings messages to the client, which has to take each in time.
async fn write(mut socket: SplitSink<WebSocket, Message>, mut messages: mpsc::Receiver<Message>) {
    while let Some(message) = messages.recv().await {
        if !matches!(timeout(SILENCE, socket.send(message)).await, Ok(Ok(()))) {
            return;
        }
    }
}

fn failed(detail: impl Into<String>) -> SessionEvent {
    SessionEvent::Failed { detail: detail.into() }
}

/// What a client is told of an error. Our own faults are for the log alone.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::Internal(source) => tracing::error!(error = format!("{source:#}"), "a session failed"),
        Error::Unavailable { detail, source } => tracing::warn!(error = format!("{source:#}"), "{detail}"),
        Error::Fields(fields) => return fields.values().flatten().cloned().collect::<Vec<_>>().join("\n"),
        _ => {}
    }
    error.to_string()
}
