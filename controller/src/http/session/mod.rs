//! Sessions: a websocket between a client and a command (`api/src/types/session.rs` tells what is said on it).
//!
//! Whatever ends a session ends its command: the client that goes away, the right that is lost, the time that is over, the
//! controller that stops.

mod outbox;
mod pump;

use std::time::Duration;

use api::types::{SESSION_PIECE, SESSION_PROTOCOL, SessionEvent, SessionRequest, Terminal};
use axum::{
    extract::{
        FromRequestParts,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    http::request::Parts,
    response::Response,
};
use futures_util::StreamExt;
use tokio::time::timeout;

use self::pump::{End, Pump};
use super::{
    extract::{Allowed, Use},
    route::{Argument, Operation},
    still,
};
use crate::{db::audit, error::Error, runs, state::State};

/// Time in which a client says what is to be started.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the document says of sessions.
const ABOUT: &str = "A websocket with the subprotocol `slipway.session.v1`; what is said on it is told in \
    `api/src/types/session.rs`.";
/// Bytes of a command; Linux takes no argument beyond 128 KiB.
pub(super) const MAX_COMMAND: usize = 100 << 10;
/// Bytes of a message: a command in which JSON escapes every other byte, or a piece of data.
const MAX_MESSAGE: usize = 4 * MAX_COMMAND + SESSION_PIECE;

/// A request to become a websocket.
pub(super) struct Upgrade(WebSocketUpgrade);

impl FromRequestParts<State> for Upgrade {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Error> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        upgrade.map(Self).map_err(|refused| Error::BadRequest(format!("This is for websockets. {refused}.")))
    }
}

impl Argument for Upgrade {
    fn describe(operation: &mut Operation) {
        operation.note(ABOUT);
        operation.answers_nothing(101);
        operation.refuses(400);
    }
}

/// Where a command is to run.
pub(super) enum Place {
    /// In a container of its own.
    Run,
    /// In an instance.
    Instance(runs::Target),
}

/// Lets the connection become a session.
pub(super) fn open(
    state: State,
    allowed: Allowed<Use>,
    Upgrade(upgrade): Upgrade,
    place: Place,
) -> Result<Response, Error> {
    let upgrade = upgrade.protocols([SESSION_PROTOCOL]).max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    if upgrade.selected_protocol().is_none() {
        return Err(Error::BadRequest(format!("Sessions speak the websocket subprotocol {SESSION_PROTOCOL}.")));
    }
    let sessions = state.sessions.clone();
    Ok(upgrade.on_upgrade(move |socket| sessions.track_future(converse(state, allowed, socket, place))))
}

async fn converse(state: State, allowed: Allowed<Use>, mut socket: WebSocket, place: Place) {
    let begun = match begin(&state, &allowed, &mut socket, &place).await {
        Some(Ok(begun)) => begun,
        Some(Err(error)) => return refuse(socket, &error).await,
        None => return,
    };
    let started = SessionEvent::Started { name: begun.name.clone() };
    let mut pump = Pump::new(socket, begun, started);
    let end = tokio::select! {
        end = pump.run() => end,
        () = state.signals.stopping().cancelled_owned() => End::Stopping,
        () = still::lost(state.clone(), &allowed) => End::Forbidden,
    };
    pump.end(end).await;
}

/// Starts what the client wants; nothing when it goes away before it has said so.
async fn begin(
    state: &State,
    allowed: &Allowed<Use>,
    socket: &mut WebSocket,
    place: &Place,
) -> Option<Result<runs::Session, Error>> {
    let asked = timeout(PATIENCE, async {
        loop {
            match socket.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text)),
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Binary(_) | Message::Close(_) => return None,
            }
        }
    });
    let started = match asked.await.ok()?? {
        Ok(SessionRequest::Start { command, terminal }) => start(state, allowed, place, (command, terminal)).await,
        _ => Err(Error::BadRequest("A session begins with start.".to_owned())),
    };
    Some(started)
}

async fn start(
    state: &State,
    allowed: &Allowed<Use>,
    place: &Place,
    (command, terminal): (Option<String>, Option<Terminal>),
) -> Result<runs::Session, Error> {
    let command = command.as_deref().filter(|command| !command.trim().is_empty());
    check(command.unwrap_or_default())?;
    let (app, actor) = (&allowed.app, allowed.actor());
    let (session, action) = match place {
        Place::Run => {
            let command = command.ok_or_else(|| Error::BadRequest("command is a required field".to_owned()))?;
            (runs::attach(state, app, &actor, command, terminal.as_ref()).await?, "apps:run")
        }
        Place::Instance(target) => {
            (runs::exec(state, app, &actor, target, (command, terminal.as_ref())).await?, "ps:exec")
        }
    };
    audit::insert(&state.pool, allowed.did(action, &session.name)).await?;
    Ok(session)
}

/// Refuses what no process can be given.
pub(super) fn check(command: &str) -> Result<(), Error> {
    if command.len() > MAX_COMMAND {
        return Err(Error::BadRequest(format!("The command is longer than {} KiB.", MAX_COMMAND / 1024)));
    }
    if command.contains('\0') {
        return Err(Error::field("command", "Null characters are not allowed."));
    }
    Ok(())
}

/// Says why nothing begins.
async fn refuse(mut socket: WebSocket, error: &Error) {
    let said = async {
        socket.send(text(&SessionEvent::Failed { detail: pump::words(error) })).await?;
        socket.send(close(close_code::NORMAL)).await
    };
    // A client that does not listen any more is not told.
    let _ = timeout(PATIENCE, said).await;
}

/// An event as a message. Events are plain numbers and strings, which always become JSON.
fn text(event: &SessionEvent) -> Message {
    Message::Text(serde_json::to_string(event).unwrap_or_default().into())
}

fn close(code: u16) -> Message {
    Message::Close(Some(CloseFrame { code, reason: "".into() }))
}
