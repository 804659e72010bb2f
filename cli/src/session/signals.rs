//! Signals that reach this program.

use std::io;

use api::types::SessionSignal;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What arrived.
#[derive(Clone, Copy)]
pub(super) enum Arrived {
    /// The terminal has another size.
    Resized,
    /// This.
    Signal(SessionSignal),
}

/// Those that a session is concerned with. From the first of these on the program is not ended by them any more.
pub(super) struct Signals {
    resized: Signal,
    interrupted: Signal,
    terminated: Signal,
    hung_up: Signal,
    quit: Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            resized: signal(SignalKind::window_change())?,
            interrupted: signal(SignalKind::interrupt())?,
            terminated: signal(SignalKind::terminate())?,
            hung_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// The next one. May be given up and asked for again.
    pub(super) async fn next(&mut self) -> Arrived {
        tokio::select! {
            _ = self.resized.recv() => Arrived::Resized,
            _ = self.interrupted.recv() => Arrived::Signal(SessionSignal::Int),
            _ = self.terminated.recv() => Arrived::Signal(SessionSignal::Term),
            _ = self.hung_up.recv() => Arrived::Signal(SessionSignal::Hup),
            _ = self.quit.recv() => Arrived::Signal(SessionSignal::Quit),
        }
    }
}
