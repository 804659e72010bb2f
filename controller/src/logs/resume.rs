//! Where to go on reading an instance, derived from what is stored of it.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// A platform stamps a line before it writes it down, from several threads: neighbours may stand a little out of
/// order. Reading goes on this much before the latest stored time, so that none of them falls through. (Not before what
/// the marks at the beginning of the newest segment say: of older lines only the latest time is known.)
pub const OVERLAP: Duration = Duration::from_secs(1);

/// The point from which an instance is read again, and how much of what comes then is stored already.
///
/// What is stored is always a beginning of what the platform has, in its order; so the stored lines come first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// Read from here on, inclusive; from the beginning when absent.
    pub since: Option<DateTime<Utc>>,
    /// So many of the lines from then on are stored.
    pub stored: usize,
}

impl Resume {
    /// Whether the next line of the platform's stream is new. Platforms that know time only in seconds send earlier
    /// ones too.
    pub fn is_new(&mut self, at: DateTime<Utc>) -> bool {
        let Some(since) = self.since else { return true };
        if at < since {
            return false;
        }
        if self.stored > 0 {
            self.stored -= 1;
            return false;
        }
        self.since = None;
        true
    }
}
