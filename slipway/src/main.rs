//! The server binary: one subcommand a part, and `standalone`, the supervisor of one machine.

mod cli;
mod inherited;
mod logging;
mod role;
mod shutdown;
mod standalone;
mod version;

use std::{io::Write, process::ExitCode};

use clap::Parser;

fn main() -> ExitCode {
    if builder::hook::is_called() {
        return builder::hook::run();
    }
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to do when not even this can be written.
            let _ = writeln!(std::io::stderr(), "Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
