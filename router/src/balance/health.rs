//! Passive ejection: an instance that cannot be reached is left alone for a while, each time longer.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// How long an instance is left alone after its first failure; doubled with each further one.
const FIRST_EJECTION: Duration = Duration::from_secs(1);
/// The longest it is left alone.
const LONGEST_EJECTION: Duration = Duration::from_secs(30);
/// So many answers that never came make a failure. One may be the doing of a single request.
const RESETS: u32 = 3;

/// How an instance has behaved lately. Times are milliseconds on the router's clock.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Failures in a row.
    failures: AtomicU32,
    /// Connections that broke without an answer, in a row.
    resets: AtomicU32,
    ejected_until: AtomicU64,
}

impl Health {
    pub fn ejected(&self, now: u64) -> bool {
        self.ejected_until.load(Relaxed) > now
    }

    /// It answered.
    pub fn succeeded(&self) {
        // Read first: a write for each request would move the cache line from core to core.
        if self.failures.load(Relaxed) + self.resets.load(Relaxed) > 0 {
            self.failures.store(0, Relaxed);
            self.resets.store(0, Relaxed);
            self.ejected_until.store(0, Relaxed);
        }
    }

    /// It did not accept a connection. All that fails while it is left alone anyway is the same failure, seen by others:
    /// an instance that died with a hundred requests in its hands died once.
    pub fn failed(&self, now: u64) {
        let until = self.ejected_until.load(Relaxed);
        if until > now {
            return;
        }
        let before = self.failures.load(Relaxed);
        let millis = FIRST_EJECTION.as_millis() << before.min(10);
        let millis = millis.min(LONGEST_EJECTION.as_millis());
        let next = now + u64::try_from(millis).unwrap_or(u64::MAX);
        if self.ejected_until.compare_exchange(until, next, Relaxed, Relaxed).is_ok() {
            self.failures.store(before + 1, Relaxed);
        }
    }

    /// It accepted a new connection and closed it without an answer.
    pub fn reset(&self, now: u64) {
        if (self.resets.fetch_add(1, Relaxed) + 1).is_multiple_of(RESETS) {
            self.failed(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Health;

    #[test]
    fn each_failure_ejects_for_longer_up_to_a_limit() {
        let health = Health::default();
        let mut now = 0;
        let mut spans = Vec::new();
        for _ in 0..7 {
            health.failed(now);
            let start = now;
            while health.ejected(now) {
                now += 500;
            }
            spans.push((now - start) / 1000);
        }
        assert_eq!(spans, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn what_fails_at_once_is_one_failure() {
        let health = Health::default();
        for _ in 0..100 {
            health.failed(0);
            health.reset(0);
        }
        assert!(health.ejected(999) && !health.ejected(1000));
        health.failed(1000);
        assert!(health.ejected(2999) && !health.ejected(3000));
    }

    #[test]
    fn an_answer_forgives() {
        let health = Health::default();
        health.failed(0);
        health.failed(1000);
        health.succeeded();
        assert!(!health.ejected(0));
        health.failed(0);
        assert!(health.ejected(999) && !health.ejected(1000));
    }

    #[test]
    fn one_broken_answer_is_not_the_instances_fault() {
        let health = Health::default();
        health.reset(0);
        health.reset(0);
        assert!(!health.ejected(0));
        health.reset(0);
        assert!(health.ejected(0));
    }
}
