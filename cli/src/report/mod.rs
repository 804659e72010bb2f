//! The one place that prints errors.

mod failure;
mod hint;
mod refusal;

use std::io;

use anyhow::Error;
use api::client;

use crate::{exit::Exit, name::Name, ui::Ui};

pub use failure::Failure;

/// Tells the user what went wrong and what to do next.
pub fn print(error: &Error, name: &Name, ui: &Ui) -> Exit {
    if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return Exit::NoReader;
    }
    let (text, hint) = describe(error, name);
    // Standard error is the last resort; when it is gone, the exit code must do.
    let _ = ui.error(&text).and_then(|()| hint.map_or(Ok(()), |hint| ui.hint(&hint)));
    Exit::Failed
}

/// What went wrong, and what to do next where that is known.
pub fn describe(error: &Error, name: &Name) -> (String, Option<String>) {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return (failure.to_string(), failure.next().map(str::to_owned));
    }
    match error.downcast_ref::<client::Error>() {
        Some(client::Error::Refused(refusal)) => (refusal::text(refusal, name), hint::for_refusal(refusal, name)),
        Some(error) => (error.to_string(), hint::for_transport(error)),
        None => (format!("{error:#}"), None),
    }
}
