//! The pusher's screen. Every line begins with "cursor to column 1", as Deis's did, so that it overwrites git's `remote: `.

use std::io::{self, Write};

use tokio::time::Instant;

const COLUMN_1: &str = "\x1b[1G";

/// Where the pusher reads.
pub(super) struct Screen<W> {
    out: W,
    spoke: Instant,
}

impl<W: Write> Screen<W> {
    pub fn new(out: W) -> Self {
        Self { out, spoke: Instant::now() }
    }

    /// Shows each line of `text`.
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        let lines: String = text.lines().flat_map(|line| [COLUMN_1, line, "\n"]).collect();
        self.out.write_all(lines.as_bytes())?;
        self.out.flush()?;
        self.spoke = Instant::now();
        Ok(())
    }

    /// When it changed last.
    pub fn spoke(&self) -> Instant {
        self.spoke
    }
}
