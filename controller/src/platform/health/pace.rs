//! When to try next: quickly while an instance boots, because everybody waits for it, then as the probe says.

use std::time::Duration;

use api::types::Probe;
use chrono::{DateTime, TimeDelta, Utc};

/// Between the first two tries of an instance that boots.
const QUICK: Duration = Duration::from_millis(50);

/// The slowest that an instance that boots is tried.
const BRISK: Duration = Duration::from_secs(1);

/// Between the tries of an instance that passes, where nobody asked for a probe. A router that is refused a connection asks another
/// instance at once, whatever is known here, and asked each 5 s, a thousand instances took three quarters of an idle controller's time.
const STEADY: Duration = Duration::from_secs(20);

/// How long an instance counts as booting.
const BOOTING: TimeDelta = TimeDelta::minutes(2);

/// The times between the tries of one probe in one life.
#[derive(Debug)]
pub(super) struct Pace {
    period: Duration,
    /// After a try that passed.
    steady: Duration,
    quick: Duration,
    booting_until: DateTime<Utc>,
}

impl Pace {
    /// For a probe that decides when somebody gets traffic, one that was `wanted` or our own.
    pub(super) fn readiness(probe: &Probe, wanted: bool, started_at: DateTime<Utc>) -> Self {
        let period = period(probe);
        let steady = if wanted { period } else { STEADY };
        Self { period, steady, quick: QUICK, booting_until: started_at + BOOTING }
    }

    /// For a probe that nobody waits for.
    pub(super) fn liveness(probe: &Probe) -> Self {
        let period = period(probe);
        Self { period, steady: period, quick: period, booting_until: DateTime::UNIX_EPOCH }
    }

    /// Until the next try. `proven` is true once the life has passed.
    pub(super) fn next(&mut self, failed: bool, proven: bool, now: DateTime<Utc>) -> Duration {
        if !failed {
            return self.steady;
        }
        if proven || now >= self.booting_until {
            return self.period;
        }
        let pause = self.quick.min(BRISK).min(self.period);
        self.quick = self.quick.saturating_mul(3) / 2;
        pause
    }
}

fn period(probe: &Probe) -> Duration {
    Duration::from_secs(u64::from(probe.period_seconds.max(1)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use api::types::Probe;
    use chrono::{TimeDelta, Utc};

    use super::Pace;

    fn probe() -> Probe {
        serde_json::from_str(r#"{"periodSeconds":10}"#).unwrap()
    }

    #[test]
    fn quick_while_it_boots_then_as_the_probe_says() {
        let now = Utc::now();
        let mut pace = Pace::readiness(&probe(), true, now);
        let pauses: Vec<_> = (0..10).map(|_| pace.next(true, false, now).as_millis()).collect();
        assert_eq!(pauses, [50, 75, 112, 168, 253, 379, 569, 854, 1000, 1000]);
        assert_eq!(pace.next(false, false, now), Duration::from_secs(10));
        assert_eq!(pace.next(true, true, now), Duration::from_secs(10));
        assert_eq!(pace.next(true, false, now + TimeDelta::minutes(3)), Duration::from_secs(10));
    }

    #[test]
    fn what_nobody_asked_for_is_seldom_asked_of_who_passes() {
        let mut pace = Pace::readiness(&probe(), false, Utc::now());
        assert_eq!(pace.next(false, true, Utc::now()), Duration::from_secs(20));
        assert_eq!(pace.next(true, true, Utc::now()), Duration::from_secs(10));
    }

    #[test]
    fn liveness_is_never_hurried() {
        assert_eq!(Pace::liveness(&probe()).next(true, false, Utc::now()), Duration::from_secs(10));
    }
}
