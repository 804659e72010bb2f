//! What a client is to be told next, and how much of it may be under way.

use api::types::{Channel, SESSION_PIECE, SESSION_WINDOW, SessionEvent};
use axum::extract::ws::Message;
use bytes::Bytes;

use super::text;

/// At most one piece of output waits here; what is behind it waits with the command.
pub(super) struct Outbox {
    event: Option<SessionEvent>,
    /// Bytes of input that were handed on since the client was told.
    taken: usize,
    ping: bool,
    piece: Option<(Channel, Bytes)>,
    /// Bytes of output that the client has room for.
    window: usize,
}

impl Outbox {
    /// With a first thing to say.
    pub(super) fn new(event: SessionEvent) -> Self {
        Self { event: Some(event), taken: 0, ping: false, piece: None, window: SESSION_WINDOW }
    }

    /// So much input was handed on.
    pub(super) fn took(&mut self, bytes: usize) {
        self.taken += bytes;
    }

    /// The client is asked for a sign of life.
    pub(super) fn ping(&mut self) {
        self.ping = true;
    }

    /// The client has handed on so much output.
    pub(super) fn give(&mut self, bytes: usize) {
        // Nobody gets more room than there is.
        self.window = self.window.saturating_add(bytes).min(SESSION_WINDOW);
    }

    /// True when the next piece of output can be taken.
    pub(super) fn has_room(&self) -> bool {
        self.piece.is_none()
    }

    /// The next piece of output.
    pub(super) fn put(&mut self, channel: Channel, data: Bytes) {
        self.piece = Some((channel, data)).filter(|(_, data)| !data.is_empty());
    }

    /// True when there is something to say.
    pub(super) fn is_due(&self) -> bool {
        self.event.is_some() || self.taken > 0 || self.ping || (self.piece.is_some() && self.window > 0)
    }

    /// What to say next.
    pub(super) fn next(&mut self) -> Option<Message> {
        if let Some(event) = self.event.take() {
            return Some(text(&event));
        }
        if std::mem::take(&mut self.ping) {
            return Some(Message::Ping(Bytes::new()));
        }
        if self.taken > 0 {
            return Some(text(&SessionEvent::Taken { bytes: std::mem::take(&mut self.taken) }));
        }
        let (channel, mut data) = self.piece.take_if(|_| self.window > 0)?;
        let now = data.split_to(data.len().min(self.window).min(SESSION_PIECE));
        self.window -= now.len();
        self.put(channel, data);
        Some(Message::Binary(channel.message(&now).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(outbox: &mut Outbox) -> usize {
        match outbox.next() {
            Some(Message::Binary(message)) => message.len() - 1,
            Some(other) => panic!("{other:?}"),
            None => 0,
        }
    }

    #[test]
    fn no_more_is_sent_than_the_client_has_room_for() {
        let mut outbox = Outbox::new(SessionEvent::Started { name: "blog-run-1vxqg".to_owned() });
        assert!(outbox.is_due() && matches!(outbox.next(), Some(Message::Text(_))) && !outbox.is_due());
        outbox.put(Channel::Output, Bytes::from(vec![0; SESSION_WINDOW + 5]));
        let mut sent = 0;
        while outbox.is_due() {
            let piece = data(&mut outbox);
            assert!(piece <= SESSION_PIECE);
            sent += piece;
        }
        assert_eq!((sent, data(&mut outbox), outbox.has_room()), (SESSION_WINDOW, 0, false));
        outbox.give(3);
        assert_eq!(data(&mut outbox), 3);
        // Neither does a client get more room by saying so.
        outbox.give(usize::MAX);
        assert_eq!((data(&mut outbox), outbox.has_room()), (2, true));
        outbox.put(Channel::Output, Bytes::from(vec![0; 2 * SESSION_WINDOW]));
        let mut sent = 2;
        while outbox.is_due() {
            sent += data(&mut outbox);
        }
        assert_eq!(sent, SESSION_WINDOW);
    }

    #[test]
    fn what_was_taken_is_told_in_one() {
        let mut outbox = Outbox::new(SessionEvent::Unknown);
        outbox.next();
        outbox.took(3);
        outbox.took(4);
        let Some(Message::Text(said)) = outbox.next() else { panic!("nothing is said") };
        assert_eq!(said.as_str(), r#"{"type":"taken","bytes":7}"#);
        assert!(!outbox.is_due());
    }
}
