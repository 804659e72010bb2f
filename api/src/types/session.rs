//! A session: what a one-off run or a command in an instance reads and writes, as it happens.
//!
//! `GET /v2/apps/{id}/run` and `GET /v2/apps/{id}/pods/{type}/{name}/exec` are upgraded to a websocket with the subprotocol
//! [`SESSION_PROTOCOL`]. A text message is one JSON object, [`SessionRequest`] from the client and [`SessionEvent`] from the
//! controller. A binary message is one byte of [`Channel`] and then data. What a side does not know it passes over.
//!
//! The client begins with `start`. The controller ends with `exited` or `failed` and closes; a connection that ends otherwise
//! was cut off. Whoever goes away ends the session: nothing runs on without its client.
//!
//! Neither side sends more than [`SESSION_WINDOW`] bytes of data that the other has not taken: each says how much it has
//! handed on (`taken`). So nobody has to keep more than that, and what stands still on one channel (a program that does
//! not read, a pager) delays neither signals nor signs of life.

use serde::{Deserialize, Serialize};

/// The subprotocol of the websocket.
pub const SESSION_PROTOCOL: &str = "slipway.session.v1";

/// Bytes of data that may be under way in each direction.
pub const SESSION_WINDOW: usize = 256 << 10;

/// Bytes of data in one message, at most.
pub const SESSION_PIECE: usize = 32 << 10;

/// Seconds of silence after which a side asks whether the other is there.
pub const SESSION_PING_SECS: u64 = 15;

/// Seconds of silence after which a side counts as gone.
pub const SESSION_SILENCE_SECS: u64 = 60;

/// What the data of a binary message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// For the command's standard input; from the client.
    Input = 0,
    /// From its standard output; all that it writes, where it has a terminal.
    Output = 1,
    /// From its standard error.
    Errors = 2,
}

impl Channel {
    /// A binary message.
    #[must_use]
    pub fn message(self, data: &[u8]) -> Vec<u8> {
        [&[self as u8], data].concat()
    }

    /// What a binary message holds; nothing where the channel is not known.
    #[must_use]
    pub fn read(message: &[u8]) -> Option<(Self, &[u8])> {
        let (channel, data) = message.split_first()?;
        let channel = [Self::Input, Self::Output, Self::Errors].into_iter().find(|known| *known as u8 == *channel)?;
        Some((channel, data))
    }
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SessionRequest {
    /// Begins the session. Always the first message.
    Start {
        /// For a shell inside the container; without it the shell itself, which only an instance has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<String>,
        /// The client's terminal, which the command gets one for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terminal: Option<Terminal>,
    },
    /// The client's terminal has another size.
    Resize(Size),
    /// For the command.
    Signal {
        /// Which.
        name: SessionSignal,
    },
    /// Nothing more comes for standard input.
    EndOfInput,
    /// So much output was handed on.
    Taken {
        /// Bytes, since the last time.
        bytes: usize,
    },
    /// Something that a newer client says.
    #[serde(other)]
    Unknown,
}

/// What a controller says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SessionEvent {
    /// The command was started.
    Started {
        /// The run or instance that it runs in.
        name: String,
    },
    /// So much input was handed on.
    Taken {
        /// Bytes, since the last time.
        bytes: usize,
    },
    /// The command ended. Nothing follows.
    Exited {
        /// Its exit code; 128 + n for signal n.
        code: i64,
    },
    /// It could not be started, or was ended. Nothing follows.
    Failed {
        /// Why, for people.
        detail: String,
    },
    /// Something that a newer controller says.
    #[serde(other)]
    Unknown,
}

/// A terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// How large it is.
    #[serde(flatten)]
    pub size: Size,
    /// `TERM`: which escapes it understands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// The size of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters of a line.
    pub columns: u16,
}

/// The signals that are passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SessionSignal {
    /// Ctrl-C.
    Int,
    /// An orderly end.
    Term,
    /// The terminal is gone.
    Hup,
    /// Ctrl-\.
    Quit,
}

impl SessionSignal {
    /// Its name without `SIG`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Int => "INT",
            Self::Term => "TERM",
            Self::Hup => "HUP",
            Self::Quit => "QUIT",
        }
    }

    /// Its number on Linux.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Hup => 1,
            Self::Int => 2,
            Self::Quit => 3,
            Self::Term => 15,
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn messages_look_so() {
        let json = |request: &SessionRequest| serde_json::to_string(request).unwrap();
        let size = Size { rows: 24, columns: 80 };
        let terminal = Some(Terminal { size, kind: Some("xterm".to_owned()) });
        assert_snapshot!(json(&SessionRequest::Start { command: Some("bash".to_owned()), terminal }), @r#"{"type":"start","command":"bash","terminal":{"rows":24,"columns":80,"kind":"xterm"}}"#);
        assert_snapshot!(json(&SessionRequest::Start { command: None, terminal: None }), @r#"{"type":"start"}"#);
        assert_snapshot!(json(&SessionRequest::Resize(size)), @r#"{"type":"resize","rows":24,"columns":80}"#);
        assert_snapshot!(json(&SessionRequest::Signal { name: SessionSignal::Int }), @r#"{"type":"signal","name":"INT"}"#);
        assert_snapshot!(json(&SessionRequest::EndOfInput), @r#"{"type":"end_of_input"}"#);
        let exited = serde_json::to_string(&SessionEvent::Exited { code: 130 }).unwrap();
        assert_snapshot!(exited, @r#"{"type":"exited","code":130}"#);
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let event: SessionEvent = serde_json::from_str(r#"{"type":"weather","is":"fine"}"#).unwrap();
        assert_eq!(event, SessionEvent::Unknown);
        assert_eq!(Channel::read(b"\x07data"), None);
        assert_eq!(Channel::read(b""), None);
    }

    #[test]
    fn data_bears_its_channel() {
        for channel in [Channel::Input, Channel::Output, Channel::Errors] {
            assert_eq!(Channel::read(&channel.message(b"\0a")), Some((channel, &b"\0a"[..])));
        }
    }
}
