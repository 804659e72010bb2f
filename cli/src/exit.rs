//! Exit codes.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// Something went wrong and was told; Deis knew no other code for that, wrong usage included.
    Failed,
    /// Nobody reads our output any more: what a shell reports for a program that SIGPIPE ended.
    NoReader,
    /// A command on the platform ended with this code.
    Remote(u8),
}

impl Exit {
    /// How to end for a command that ended with this code. A code that no process can end with still is not success.
    pub fn of_command(code: i64) -> Self {
        match u8::try_from(code) {
            Ok(0) => Self::Done,
            Ok(code) => Self::Remote(code),
            Err(_) => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::NoReader => 141,
            Exit::Remote(code) => code,
        })
    }
}
