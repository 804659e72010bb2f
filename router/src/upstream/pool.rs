//! Unused connections to one instance.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Line;

/// Last in, first out: under little load the older ones grow old and are closed.
#[derive(Default)]
pub(crate) struct Pool(Mutex<State>);

#[derive(Default)]
struct State {
    idle: Vec<Idle>,
    /// The instance left the table: nothing is kept any more.
    closed: bool,
}

struct Idle {
    line: Box<Line>,
    /// On the router's clock.
    since: u64,
}

impl Pool {
    pub fn take(&self) -> Option<Box<Line>> {
        self.state().idle.pop().map(|idle| idle.line)
    }

    /// Keeps a connection, unless there are `limit` already.
    pub fn put(&self, line: Box<Line>, now: u64, limit: usize) {
        let mut state = self.state();
        if !state.closed && state.idle.len() < limit {
            state.idle.push(Idle { line, since: now });
        }
    }

    /// Closes connections that have been unused since before `time`.
    pub fn close_older(&self, time: u64) {
        // Dropped after the lock is free: closing is a call into the kernel.
        let _closed: Vec<Idle> = {
            let mut state = self.state();
            let young = state.idle.partition_point(|idle| idle.since < time);
            state.idle.drain(..young).collect()
        };
    }

    /// Closes them all and keeps none from now on.
    pub fn close(&self) {
        let _closed = {
            let mut state = self.state();
            state.closed = true;
            std::mem::take(&mut state.idle)
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
