//! Pushes with the real git and OpenSSH, to a builder whose controller is played by the test.
#![cfg(test)]

mod deploys;
mod fake;
mod keys;
mod losses;
mod refusals;
mod sizes;
mod ssh;
mod world;

use std::process::{ExitCode, exit};

/// Not a test: what git runs as its hook (`World` links it).
#[test]
#[ignore = "git runs it"]
fn hook_process() {
    if std::env::var_os("SLIPWAY_PUSH").is_some() {
        exit(i32::from(builder::hook::run() != ExitCode::SUCCESS));
    }
}
