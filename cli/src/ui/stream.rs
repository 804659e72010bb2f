//! One of the two output streams, and what it leads to.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

/// Standard output or standard error.
#[derive(Clone, Copy)]
pub struct Stream {
    target: Target,
    /// Somebody looks at it.
    pub terminal: bool,
    colour: bool,
}

#[derive(Clone, Copy)]
enum Target {
    Out,
    Err,
}

impl Stream {
    /// Standard output.
    pub fn out() -> Self {
        let stream = io::stdout();
        let colour = AutoStream::choice(&stream) != ColorChoice::Never;
        Self { target: Target::Out, terminal: stream.is_terminal(), colour }
    }

    /// Standard error.
    pub fn err() -> Self {
        let stream = io::stderr();
        let colour = AutoStream::choice(&stream) != ColorChoice::Never;
        Self { target: Target::Err, terminal: stream.is_terminal(), colour }
    }

    /// Writes at once.
    pub fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self.target {
            Target::Out => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()
            }
            Target::Err => io::stderr().lock().write_all(bytes),
        }
    }

    /// Writes a line.
    pub fn line(self, text: &str) -> io::Result<()> {
        self.write(format!("{text}\n").as_bytes())
    }

    /// Writes a text that brings its own colours.
    pub fn styled(self, text: &clap::builder::StyledStr) -> io::Result<()> {
        let text = if self.colour { text.ansi().to_string() } else { text.to_string() };
        self.write(text.as_bytes())
    }

    /// The text in a colour or weight of the terminal; plain where nobody looks.
    pub fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
