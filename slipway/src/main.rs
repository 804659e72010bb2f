//! The server binary: one subcommand a part, and `standalone`, the supervisor of one machine.

mod cli;
mod inherited;
mod logging;
mod role;
mod shutdown;
mod standalone;
mod version;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;

fn main() -> ExitCode {
    if builder::hook::is_called() {
        return builder::hook::run();
    }
    match cli::Cli::try_parse().map(cli::Cli::run) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            complain(&format!("Error: {error:#}\n"));
            ExitCode::FAILURE
        }
        Err(error) if error.use_stderr() && !std::io::stderr().is_terminal() => {
            complain(&error.render().to_string());
            error.exit_code().try_into().map_or(ExitCode::FAILURE, |code: u8| code.into())
        }
        Err(error) => error.exit(),
    }
}

/// Writes it in one piece: the journal of a part may be that of a process that still serves, whose lines would come between.
fn complain(words: &str) {
    // Nothing is left to do when not even this can be written.
    let _ = std::io::stderr().write_all(words.as_bytes());
}
