//! What the router promises, with instances, clients and controllers of the unfriendly kind.
//!
//! Each guarantee has one implementation and two sizes: a sample here, and the full one of `scripts/prove`. Those that need
//! processes and signals lie in `tests/tests/routing`.

mod answers;
mod asker;
mod idle;
mod instance;
mod websockets;

use std::sync::{Mutex, PoisonError};

/// How much of it: a sample, or all when `scripts/prove` says so.
fn size(sample: usize, full: usize) -> usize {
    if std::env::var_os("SLIPWAY_PROVE").is_some() { full } else { sample }
}

/// What went wrong, in words: the first of it, and how much.
#[derive(Default)]
struct Failures(Mutex<(usize, Vec<String>)>);

impl Failures {
    /// Most that are kept.
    const TOLD: usize = 20;

    fn note(&self, what: String) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.0 += 1;
        if noted.1.len() < Self::TOLD {
            noted.1.push(what);
        }
    }

    /// Fails the test unless nothing was noted.
    fn are_none(&self, of: usize) {
        let noted = self.0.lock().unwrap();
        assert!(noted.0 == 0, "{} of {of} failed:\n{}", noted.0, noted.1.join("\n"));
    }
}
