//! How long to keep trying, and how often.

use std::time::{Duration, Instant};

/// The first wait; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(250);
/// No wait is longer, so that a controller that is back is found soon.
const LONGEST: Duration = Duration::from_secs(5);

/// Which failures allow sending a request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resend {
    /// All that may pass: the request is a read, or carries an idempotency key.
    Lost,
    /// Only those after which the controller cannot have acted.
    Unsent,
    /// None: somebody waits for a quick yes or no.
    Never,
}

/// The waits that are left of a call's patience.
pub(super) struct Patience {
    until: Instant,
    next: Duration,
}

impl Patience {
    /// Patience for `total` from now on.
    pub(super) fn new(total: Duration) -> Self {
        Self { until: Instant::now() + total, next: FIRST }
    }

    /// The next wait, at least as long as the controller `asked`; none when the time is over before its end.
    pub(super) fn wait(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let wait = self.next.max(asked.unwrap_or_default()).min(LONGEST);
        self.next = (self.next * 2).min(LONGEST);
        (Instant::now() + wait <= self.until).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Patience};
    use std::time::Duration;

    #[test]
    fn waits_grow_to_a_bound() {
        let mut patience = Patience::new(Duration::from_mins(10));
        let waits: Vec<_> = (0..7).filter_map(|_| patience.wait(None)).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 5000, 5000]);
        assert_eq!(patience.wait(Some(Duration::from_hours(1))), Some(LONGEST));
    }

    #[test]
    fn no_time_means_no_wait() {
        assert_eq!(Patience::new(Duration::ZERO).wait(None), None);
    }
}
