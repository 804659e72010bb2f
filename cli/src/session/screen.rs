//! Where the command's output goes: a terminal, a file, or a program that takes its time.

use std::{io, sync::mpsc, thread};

use api::types::Channel;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::ui::Ui;

/// Bytes of the command, and where they belong.
type Piece = (Channel, Vec<u8>);

/// Standard output and standard error, written in a thread of its own: a pager that is not read on must not keep us from
/// hearing the controller. What waits is bounded by what the controller may send before it is told that it was shown.
pub(super) struct Screen {
    pieces: mpsc::Sender<Piece>,
    shown: UnboundedReceiver<io::Result<usize>>,
}

impl Screen {
    pub(super) fn open(ui: Ui) -> Self {
        let (pieces, given) = mpsc::channel();
        let (sender, shown) = unbounded_channel();
        thread::spawn(move || write(&ui, &given, &sender));
        Self { pieces, shown }
    }

    /// Has something written.
    pub(super) fn show(&self, channel: Channel, data: impl Into<Vec<u8>>) {
        // A thread that has ended has told why.
        let _ = self.pieces.send((channel, data.into()));
    }

    /// How much was written since it was last asked. May be given up and asked again.
    pub(super) async fn shown(&mut self) -> io::Result<usize> {
        match self.shown.recv().await {
            Some(shown) => shown,
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Waits until everything is written.
    pub(super) async fn close(self) -> io::Result<()> {
        let Self { pieces, mut shown } = self;
        drop(pieces);
        while let Some(shown) = shown.recv().await {
            shown?;
        }
        Ok(())
    }
}

fn write(ui: &Ui, pieces: &mpsc::Receiver<Piece>, shown: &UnboundedSender<io::Result<usize>>) {
    while let Ok((channel, data)) = pieces.recv() {
        let written = match channel {
            Channel::Output => ui.stdout(&data),
            Channel::Errors => ui.stderr(&data),
            // A controller has none to send.
            Channel::Input => Ok(()),
        };
        let is_over = written.is_err();
        if shown.send(written.map(|()| data.len())).is_err() || is_over {
            return;
        }
    }
}
