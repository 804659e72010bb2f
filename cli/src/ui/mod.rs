//! All that is said to people, and how: plain and stable into a pipe, with colour and movement on a terminal.
//!
//! Text from the server passes [`clean`] on its way out, because it may hold what other users wrote, and a terminal
//! obeys what it is sent. What a user's own command printed ([`Ui::stdout`]) is the one exception.

mod clean;
mod progress;
mod prompt;
mod stream;

use std::{
    fmt::Display,
    io::{self, IsTerminal},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::Serialize;

pub use clean::clean;
pub use progress::Progress;
pub use prompt::{is_device, line};
use stream::Stream;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";

/// The streams of the program.
#[derive(Clone)]
pub struct Ui {
    out: Stream,
    err: Stream,
    input_terminal: bool,
    /// True while a line on standard output waits for its end.
    midline: Arc<AtomicBool>,
}

impl Ui {
    /// Looks at the streams.
    pub fn new() -> Self {
        Self {
            out: Stream::out(),
            err: Stream::err(),
            input_terminal: io::stdin().is_terminal(),
            midline: Arc::default(),
        }
    }

    /// True when somebody looks at standard output.
    pub fn is_terminal(&self) -> bool {
        self.out.terminal
    }

    /// A line.
    pub fn say(&self, text: impl Display) -> io::Result<()> {
        self.out.line(&clean(&text.to_string()))
    }

    /// A line in one of the terminal's colours (`31` to `37`); plain into a pipe.
    pub fn coloured(&self, colour: u8, text: &str) -> io::Result<()> {
        self.out.line(&self.out.paint(&colour.to_string(), &clean(text)))
    }

    /// `=== <title>`.
    pub fn heading(&self, title: impl Display) -> io::Result<()> {
        let line = format!("=== {}", clean(&title.to_string()));
        self.out.line(&self.out.paint(BOLD, &line))
    }

    /// The count at the end of a list's heading: nothing when everything is shown.
    pub fn suffix(shown: usize, total: u64) -> String {
        if u64::try_from(shown) == Ok(total) { String::new() } else { format!(" ({shown} of {total})") }
    }

    /// Two columns; the second starts `gap` characters after the longest entry of the first.
    pub fn pairs<'a>(&self, rows: impl IntoIterator<Item = (&'a str, &'a str)>, gap: usize) -> io::Result<()> {
        let rows: Vec<_> = rows.into_iter().map(|(key, value)| (clean(key), clean(value))).collect();
        let width = rows.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default() + gap;
        rows.iter().try_for_each(|(key, value)| self.out.line(&format!("{key:width$}{value}")))
    }

    /// A value for programs.
    pub fn json(&self, value: &impl Serialize) -> io::Result<()> {
        self.out.line(&clean::clean_json(&serde_json::to_string_pretty(value)?))
    }

    /// The same on one line, of which there are many.
    pub fn json_line(&self, value: &impl Serialize) -> io::Result<()> {
        self.out.line(&clean::clean_json(&serde_json::to_string(value)?))
    }

    /// What the user's own command wrote, byte for byte.
    pub fn stdout(&self, bytes: &[u8]) -> io::Result<()> {
        self.out.write(bytes)
    }

    /// The same for its standard error.
    pub fn stderr(&self, bytes: &[u8]) -> io::Result<()> {
        self.err.write(bytes)
    }

    /// A line on standard error.
    pub fn warn(&self, text: &str) -> io::Result<()> {
        // Two streams on one terminal share its line.
        if self.out.terminal && self.err.terminal && self.midline.load(Ordering::Relaxed) {
            self.err.line("")?;
        }
        self.err.line(&clean(text))
    }

    /// What to do next, on standard error, indented below what went wrong.
    pub fn hint(&self, text: &str) -> io::Result<()> {
        clean(text).lines().try_for_each(|line| self.err.line(&self.err.paint(DIM, &format!("  {line}"))))
    }

    /// `Error: <text>`. It follows on the line where the work was announced, as Deis had it.
    pub fn error(&self, text: &str) -> io::Result<()> {
        self.err.line(&format!("{} {}", self.err.paint(RED, "Error:"), clean(text)))
    }

    /// The beginning of a line on standard error that an error ends.
    pub fn lead(&self, text: &str) -> io::Result<()> {
        self.err.write(text.as_bytes())
    }

    /// What clap has to say, on the stream where it belongs.
    pub fn clap(&self, error: &clap::Error) -> io::Result<()> {
        let stream = if error.use_stderr() { self.err } else { self.out };
        stream.styled(&error.render())
    }

    /// Announces work; the line ends with [`Progress::done`].
    pub fn begin(&self, text: &str) -> io::Result<Progress> {
        self.out.write(clean(text).as_bytes())?;
        Ok(Progress::start(self.out, Arc::clone(&self.midline)))
    }
}

#[cfg(test)]
mod tests {
    use super::Ui;

    #[test]
    fn a_list_says_when_it_shows_a_part() {
        assert_eq!(Ui::suffix(3, 3), "");
        assert_eq!(Ui::suffix(3, 7), " (3 of 7)");
    }
}
