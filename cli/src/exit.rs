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
    /// A one-off command ended with this code.
    Remote(u8),
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
