//! The user's terminal, and its return to what it was.

use std::{env, io};

use api::types::{Size, Terminal};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};

/// The terminal that the user sits at: both what is typed and what is shown have to be there.
pub fn of_user() -> Option<Terminal> {
    if !isatty(io::stdin()) || !isatty(io::stdout()) {
        return None;
    }
    Some(Terminal { size: size()?, kind: env::var("TERM").ok() })
}

/// Its size now.
pub(super) fn size() -> Option<Size> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    Some(Size { rows: size.ws_row, columns: size.ws_col })
}

/// As long as it lives, every key goes to the command and nothing is shown but what it writes. The terminal is as before
/// when it is dropped, in a panic, too.
pub(super) struct RawMode {
    before: Termios,
}

impl RawMode {
    pub(super) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        // What was typed ahead is for the command.
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // A terminal that is gone cannot be put in order.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}
