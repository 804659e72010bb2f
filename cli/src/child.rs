//! Other programs: the one place that starts any.
//!
//! They get the user's own environment, as they would from a shell, but no secret of ours that lies in it.

use std::{env, ffi::OsStr, process::Command};

/// Ends the names of the variables with a one-time token, whatever this program is called.
const SECRET: &str = "_BOOTSTRAP_TOKEN";

/// A program that is looked for on the search path and gets no secrets.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().ends_with(SECRET) {
            command.env_remove(name);
        }
    }
    command
}
