//! Where passwords come from: a question, standard input, or (for old scripts) the command line.

use anyhow::Result;

use crate::{
    report::Failure,
    ui::{self, Ui},
};

/// A password that is to be typed once.
pub fn existing(given: Option<String>, from_stdin: bool, question: &str, ui: &Ui) -> Result<String> {
    match given {
        Some(password) => Ok(password),
        None if from_stdin => ui::line("password"),
        None => ui.ask_hidden(question),
    }
}

/// A password that is new, and typed twice: `mismatch` tells what becomes of two different ones.
pub fn new(given: Option<String>, from_stdin: bool, question: &str, mismatch: &str, ui: &Ui) -> Result<String> {
    if given.is_some() || from_stdin {
        return existing(given, from_stdin, question, ui);
    }
    let password = ui.ask_hidden(&format!("{question}: "))?;
    if ui.ask_hidden(&format!("{question} (confirm): "))? != password {
        return Err(Failure::new(format!("Password mismatch, {mismatch}.")).into());
    }
    Ok(password)
}
