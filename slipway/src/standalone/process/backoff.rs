//! How long to wait before something that ended is started again.

use std::time::Duration;

/// Wait before the first restart: short, because most ends are single accidents.
const FIRST: Duration = Duration::from_millis(100);
/// Longest wait: what something needs that was away, a disk or a folder, is found within seconds of its return.
const LONGEST: Duration = Duration::from_secs(3);
/// A life of this length proves health: the next end counts as the first.
const HEALTHY: Duration = Duration::from_secs(30);

/// Doubles from [`FIRST`] to [`LONGEST`].
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The wait after a life of `lived`.
    pub fn after(&mut self, lived: Duration) -> Duration {
        if lived >= HEALTHY {
            self.next = FIRST;
        }
        let wait = self.next;
        self.next = (self.next * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_a_bound_and_starts_over_after_a_healthy_life() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.after(Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3000, 3000, 3000, 3000]);
        assert_eq!(backoff.after(HEALTHY), FIRST);
    }
}
