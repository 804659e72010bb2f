//! Questions to the user.

use std::{
    io::{self, BufRead},
    os::fd::AsFd,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result};

use signal_hook::{consts::SIGINT, flag::register_conditional_default, low_level::emulate_default_handler};

use super::Ui;
use crate::report::Failure;

impl Ui {
    /// True when somebody can answer.
    pub fn can_ask(&self) -> bool {
        self.input_terminal
    }

    /// Asks for a line.
    pub fn ask(&self, question: &str) -> Result<String> {
        self.prompt(question)?;
        let answer = line(question)?;
        self.echo()?;
        Ok(answer)
    }

    /// Asks for a line that the terminal does not show.
    pub fn ask_hidden(&self, question: &str) -> Result<String> {
        self.prompt(question)?;
        if self.can_ask() {
            return hidden().context("cannot read from the terminal");
        }
        let answer = line(question)?;
        self.echo()?;
        Ok(answer)
    }

    /// Asks for yes or no; anything but yes is no.
    pub fn confirm(&self, question: &str) -> Result<bool> {
        Ok(matches!(self.ask(&format!("{question} (y/N): "))?.to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    fn prompt(&self, question: &str) -> io::Result<()> {
        self.out.write(super::clean(question).as_bytes())
    }

    /// On a terminal the user's own Enter ends the line; here nobody has pressed it.
    fn echo(&self) -> io::Result<()> {
        if self.can_ask() { Ok(()) } else { self.out.line("") }
    }
}

/// A line that the terminal does not show. Ctrl-C ends the program, but only once the terminal shows again what is typed:
/// the library sends the signal before it mends the terminal.
fn hidden() -> io::Result<String> {
    /// True while SIGINT ends the program, as it does by default.
    static ENDS: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let ends = if let Some(ends) = ENDS.get() {
        ends
    } else {
        let ends = Arc::new(AtomicBool::new(true));
        register_conditional_default(SIGINT, Arc::clone(&ends))?;
        ENDS.get_or_init(|| ends)
    };
    ends.store(false, Ordering::Relaxed);
    let line = rpassword::read_password();
    ends.store(true, Ordering::Relaxed);
    if line.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
        emulate_default_handler(SIGINT)?;
    }
    line
}

/// The next line of standard input.
pub fn line(wanted: &str) -> Result<String> {
    let mut text = String::new();
    if io::stdin().lock().read_line(&mut text).context("cannot read standard input")? == 0 {
        let wanted = wanted.trim_end_matches([':', ' ', '>']);
        return Err(Failure::new(format!("standard input ended where {wanted:?} was asked for")).into());
    }
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// Deis's test for "nobody redirected this": a terminal, but also `/dev/null`.
pub fn is_device(stream: impl AsFd) -> bool {
    rustix::fs::fstat(stream)
        .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::CharacterDevice)
}
