//! What the controller is to be told next, and how much input may be under way.

use std::collections::VecDeque;

use api::types::{SESSION_WINDOW, SessionRequest, SessionSignal, Size};

/// Signals that wait to be passed on; more say nothing more.
const SIGNALS: usize = 16;

/// One thing to say.
pub(super) enum Saying {
    /// A request.
    Request(SessionRequest),
    /// Input.
    Input(Vec<u8>),
}

/// At most one piece of input waits here; what is behind it waits in the terminal or pipe.
pub(super) struct Outbox {
    start: Option<SessionRequest>,
    signals: VecDeque<SessionSignal>,
    size: Option<Size>,
    /// Bytes of output that were shown since the controller was told.
    taken: usize,
    piece: Option<Vec<u8>>,
    input: Input,
    /// Bytes of input that the controller has room for.
    window: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    /// The end is to be told.
    Ended,
    /// It was.
    Told,
}

impl Outbox {
    /// With the first thing to say.
    pub(super) fn new(start: SessionRequest) -> Self {
        Self {
            start: Some(start),
            signals: VecDeque::new(),
            size: None,
            taken: 0,
            piece: None,
            input: Input::Open,
            window: SESSION_WINDOW,
        }
    }

    pub(super) fn signal(&mut self, signal: SessionSignal) {
        if self.signals.len() < SIGNALS {
            self.signals.push_back(signal);
        }
    }

    /// The last size counts.
    pub(super) fn resize(&mut self, size: Size) {
        self.size = Some(size);
    }

    /// So much output was shown.
    pub(super) fn took(&mut self, bytes: usize) {
        self.taken += bytes;
    }

    /// The controller has handed on so much input.
    pub(super) fn give(&mut self, bytes: usize) {
        self.window = self.window.saturating_add(bytes).min(SESSION_WINDOW);
    }

    /// True when the next piece of input can be taken.
    pub(super) fn has_room(&self) -> bool {
        self.piece.is_none() && self.input == Input::Open
    }

    /// The next piece of input.
    pub(super) fn put(&mut self, data: Vec<u8>) {
        self.piece = Some(data).filter(|data| !data.is_empty());
    }

    /// There is no more input.
    pub(super) fn end_input(&mut self) {
        self.input = Input::Ended;
    }

    /// True when there is something to say.
    pub(super) fn is_due(&self) -> bool {
        let told = self.start.is_some() || !self.signals.is_empty() || self.size.is_some() || self.taken > 0;
        told || self.input_is_due()
    }

    fn input_is_due(&self) -> bool {
        match &self.piece {
            Some(_) => self.window > 0,
            None => self.input == Input::Ended,
        }
    }

    /// What to say next.
    pub(super) fn next(&mut self) -> Option<Saying> {
        let request = if let Some(start) = self.start.take() {
            start
        } else if let Some(name) = self.signals.pop_front() {
            SessionRequest::Signal { name }
        } else if let Some(size) = self.size.take() {
            SessionRequest::Resize(size)
        } else if self.taken > 0 {
            SessionRequest::Taken { bytes: std::mem::take(&mut self.taken) }
        } else if let Some(mut data) = self.piece.take_if(|_| self.window > 0) {
            let rest = data.split_off(data.len().min(self.window));
            self.window -= data.len();
            self.put(rest);
            return Some(Saying::Input(data));
        } else if self.input_is_due() {
            self.input = Input::Told;
            SessionRequest::EndOfInput
        } else {
            return None;
        };
        Some(Saying::Request(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(outbox: &mut Outbox) -> String {
        match outbox.next() {
            Some(Saying::Request(request)) => serde_json::to_string(&request).unwrap(),
            Some(Saying::Input(data)) => format!("{} bytes", data.len()),
            None => "nothing".to_owned(),
        }
    }

    #[test]
    fn signals_pass_input_that_there_is_no_room_for_and_its_end_does_not() {
        let mut outbox = Outbox::new(SessionRequest::Start { command: None, terminal: None });
        assert_eq!(said(&mut outbox), r#"{"type":"start"}"#);
        outbox.put(vec![0; SESSION_WINDOW]);
        assert!(!outbox.has_room());
        assert_eq!(said(&mut outbox), format!("{SESSION_WINDOW} bytes"));
        outbox.put(vec![0; 3]);
        outbox.end_input();
        assert_eq!((said(&mut outbox), outbox.is_due()), ("nothing".to_owned(), false));
        outbox.signal(SessionSignal::Term);
        assert_eq!(said(&mut outbox), r#"{"type":"signal","name":"TERM"}"#);
        outbox.give(2);
        assert_eq!(said(&mut outbox), "2 bytes");
        outbox.give(10);
        assert_eq!(said(&mut outbox), "1 bytes");
        assert_eq!(said(&mut outbox), r#"{"type":"end_of_input"}"#);
        assert!(!outbox.is_due() && !outbox.has_room());
    }

    #[test]
    fn of_sizes_the_last_counts() {
        let mut outbox = Outbox::new(SessionRequest::Unknown);
        outbox.next();
        for rows in [1, 2, 3] {
            outbox.resize(Size { rows, columns: 80 });
        }
        assert_eq!(said(&mut outbox), r#"{"type":"resize","rows":3,"columns":80}"#);
        assert!(!outbox.is_due());
    }
}
