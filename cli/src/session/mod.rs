//! A session on this side: what is typed and shown here, while the command runs there.
//!
//! With a terminal at both ends the local one only passes keys on, so that Ctrl-C, colours and full-screen programs are the
//! command's affair. Without one, input and output are streams, and signals are passed on as such.

mod keyboard;
mod outbox;
mod screen;
mod signals;
mod terminal;

use anyhow::Result;
use api::{
    client::session::{Heard, Receiver, Sender},
    types::{SESSION_PIECE, SessionEvent, SessionRequest, SessionSignal, Terminal},
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Duration, timeout},
};

use self::{
    keyboard::Keyboard,
    outbox::{Outbox, Saying},
    screen::Screen,
    signals::{Arrived, Signals},
    terminal::RawMode,
};
use crate::{exit::Exit, report::Failure, ui::Ui};

pub use terminal::of_user;

/// Sayings on their way to the connection.
const UNDER_WAY: usize = 4;
/// Time in which the controller takes the last words.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// What a shell reports for a signal is this and its number.
const BY_SIGNAL: u8 = 128;

/// Runs `command`, or a shell, at the other end, until it ends.
pub async fn attend(
    (sender, receiver): (Sender, Receiver),
    command: Option<String>,
    terminal: Option<Terminal>,
    ui: &Ui,
) -> Result<Exit> {
    let has_terminal = terminal.is_some();
    let outbox = Outbox::new(SessionRequest::Start { command, terminal });
    let (sayings, writer) = speak(sender);
    let mut here = Here {
        outbox,
        receiver,
        signals: Signals::listen()?,
        keyboard: None,
        screen: Screen::open(ui.clone()),
        raw: None,
        has_terminal,
        interrupted: false,
    };
    let ended = here.converse(&sayings).await;
    // Whatever it was, the terminal is as before from here on.
    drop(here.raw.take());
    drop(sayings);
    let shown = here.screen.close().await;
    // The controller notices in any case, if later.
    let _ = timeout(LAST_WORDS, writer).await;
    let exit = ended?;
    shown?;
    Ok(exit)
}

/// What there is at this end.
struct Here {
    outbox: Outbox,
    receiver: Receiver,
    signals: Signals,
    /// Read once the command runs.
    keyboard: Option<Keyboard>,
    screen: Screen,
    raw: Option<RawMode>,
    has_terminal: bool,
    /// The user has pressed Ctrl-C once.
    interrupted: bool,
}

impl Here {
    async fn converse(&mut self, sayings: &mpsc::Sender<Saying>) -> Result<Exit> {
        loop {
            tokio::select! {
                heard = self.receiver.next() => match heard? {
                    Heard::Data(channel, data) => self.screen.show(channel, data),
                    Heard::Event(event) => {
                        if let Some(exit) = self.happened(event)? {
                            return Ok(exit);
                        }
                    }
                },
                shown = self.screen.shown() => self.outbox.took(shown?),
                typed = keyboard::next(&mut self.keyboard), if self.outbox.has_room() => match typed {
                    Some(data) => self.outbox.put(data),
                    None => self.outbox.end_input(),
                },
                arrived = self.signals.next() => {
                    if let Some(exit) = self.arrived(arrived) {
                        return Ok(exit);
                    }
                }
                permit = sayings.reserve(), if self.outbox.is_due() => {
                    if let (Ok(permit), Some(saying)) = (permit, self.outbox.next()) {
                        permit.send(saying);
                    }
                }
            }
        }
    }

    /// Answers how to end, if it is over.
    fn happened(&mut self, event: SessionEvent) -> Result<Option<Exit>> {
        match event {
            SessionEvent::Started { .. } => {
                self.raw = if self.has_terminal { Some(RawMode::enter()?) } else { None };
                self.keyboard = Some(Keyboard::listen(SESSION_PIECE));
            }
            SessionEvent::Taken { bytes } => self.outbox.give(bytes),
            SessionEvent::Exited { code } => return Ok(Some(Exit::of_command(code))),
            SessionEvent::Failed { detail } => return Err(Failure::new(detail).into()),
            SessionEvent::Unknown => {}
        }
        Ok(None)
    }

    /// Passes a signal on. What cannot be is obeyed here: before the command runs, where its terminal is the way for it, and
    /// whoever presses Ctrl-C again has waited long enough.
    fn arrived(&mut self, arrived: Arrived) -> Option<Exit> {
        let signal = match arrived {
            Arrived::Resized => {
                if let Some(size) = terminal::size().filter(|_| self.has_terminal) {
                    self.outbox.resize(size);
                }
                return None;
            }
            Arrived::Signal(signal) => signal,
        };
        let again = signal == SessionSignal::Int && self.interrupted;
        if self.keyboard.is_none() || self.has_terminal || again {
            return Some(Exit::Remote(BY_SIGNAL + signal.number()));
        }
        self.interrupted |= signal == SessionSignal::Int;
        self.outbox.signal(signal);
        None
    }
}

/// Says what it is given, in a task of its own: whoever waits to be heard must not cease to listen.
fn speak(mut sender: Sender) -> (mpsc::Sender<Saying>, JoinHandle<()>) {
    let (sayings, mut given) = mpsc::channel(UNDER_WAY);
    let task = tokio::spawn(async move {
        while let Some(saying) = given.recv().await {
            let said = match &saying {
                Saying::Request(request) => sender.say(request).await,
                Saying::Input(data) => sender.input(data).await,
            };
            if said.is_err() {
                // Whoever listens hears it, too.
                return;
            }
        }
        // A connection that is gone needs no goodbye.
        let _ = sender.close().await;
    });
    (sayings, task)
}
