//! Watches the bytes of a client for what the HTTP parser lets pass, and follows where requests begin and end.
//!
//! hyper takes a bare LF for a line end, and drops one of `Content-Length` and `Transfer-Encoding` when both are there.
//! Two parsers that disagree about such a request are how one client's bytes become another one's request, so it is
//! refused here, before hyper sees it. That takes the knowledge where a head begins, hence of each body's length: this
//! is a second, stricter reading of the framing alone. What it accepts, hyper reads the same way (a property test holds
//! the two against each other); of what it refuses, nothing after the offending byte is handed on.
//!
//! Pure: no I/O and no allocation, but for a line that arrives in pieces.

mod chunked;
mod head;

use chunked::Chunked;
use head::Head;

/// Follows one connection, from its first byte on.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    state: State,
}

/// Where in a message the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No byte of the next request has come.
    Between,
    Head,
    Body,
}

/// The bytes up to `at` are good, the one at `at` makes the request ambiguous or malformed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offence {
    pub at: usize,
    /// It is in a body, not in a head.
    pub in_body: bool,
}

#[derive(Debug)]
enum State {
    Head(Head),
    /// Bytes of the body that are yet to come.
    Length(u64),
    Chunked(Chunked),
}

/// How a head says that its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
}

/// How far a part of a message read: so many bytes are its own, and it ended or not.
struct Progress<T> {
    consumed: usize,
    ended: Option<T>,
}

impl Default for State {
    fn default() -> Self {
        Self::Head(Head::default())
    }
}

impl Wire {
    /// Reads on. Answers how many request heads ended in `bytes`.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<usize, Offence> {
        let mut at = 0;
        let mut heads = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let offence = |offset: usize, in_body| Offence { at: at + offset, in_body };
            let (consumed, next) = match &mut self.state {
                State::Head(head) => {
                    let progress = head.feed(rest).map_err(|offset| offence(offset, false))?;
                    heads += usize::from(progress.ended.is_some());
                    (progress.consumed, progress.ended.map(State::after_head))
                }
                State::Length(left) => {
                    let consumed = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= consumed as u64;
                    (consumed, (*left == 0).then(State::default))
                }
                State::Chunked(chunked) => {
                    let progress = chunked.feed(rest).map_err(|offset| offence(offset, true))?;
                    (progress.consumed, progress.ended.map(|()| State::default()))
                }
            };
            at += consumed;
            if let Some(next) = next {
                self.state = next;
            }
        }
        Ok(heads)
    }

    pub fn phase(&self) -> Phase {
        match &self.state {
            State::Head(head) => head.phase(),
            State::Length(_) | State::Chunked(_) => Phase::Body,
        }
    }
}

impl State {
    fn after_head(framing: Framing) -> Self {
        match framing {
            Framing::Length(0) => Self::default(),
            Framing::Length(left) => Self::Length(left),
            Framing::Chunked => Self::Chunked(Chunked::default()),
        }
    }
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
