//! How many instances there should be, by what they use: what Kubernetes' `HorizontalPodAutoscaler` does. Pure.
//!
//! Loads are thousandths of the CPU that one instance requests.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use api::types::AutoscaleRule;

/// How far the average may be from what the rule asks for before anything is done: a tenth of it.
const TOLERANCE: u64 = 10;

/// How long a count must have been more than enough before it is lowered: a lull of some minutes is none.
const LULL: Duration = Duration::from_mins(5);

/// The load of an instance that has used `used` of all processors within `elapsed` and requests `request` thousandths of
/// one. None where that says nothing.
#[must_use]
pub fn load(used: Duration, elapsed: Duration, request: u64) -> Option<u64> {
    let whole = elapsed.as_nanos().checked_mul(request.into()).filter(|whole| *whole > 0)?;
    u64::try_from(used.as_nanos().checked_mul(1_000_000)? / whole).ok()
}

/// How many there should be where `count` are wanted now and `loads` are those that could be measured.
#[must_use]
pub fn wanted(rule: &AutoscaleRule, count: u32, loads: &[u64]) -> u32 {
    let inside = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).max(rule.min).min(rule.max);
    let count_before = u64::from(count);
    if inside(count_before) != count || loads.is_empty() {
        return inside(count_before);
    }
    let target = u64::from(rule.cpu_percent.max(1)) * 10;
    let measured = u64::try_from(loads.len()).unwrap_or(u64::MAX);
    let total = loads.iter().fold(0_u64, |total, load| total.saturating_add(*load));
    let missing = count_before.saturating_sub(measured);
    // Of those that nothing is known of the best is believed when more would be wanted, the worst when fewer.
    let more = total > measured.saturating_mul(target);
    let total = if more { total } else { total.saturating_add(missing.saturating_mul(target)) };
    let enough = count_before.max(measured).saturating_mul(target);
    if total.abs_diff(enough).saturating_mul(TOLERANCE) <= enough || more != (total > enough) {
        return count;
    }
    // At most twice as many, or four more: what has just begun has to show first what it is good for.
    let most = (count_before * 2).max(count_before + 4);
    inside(total.div_ceil(target).min(most))
}

/// What was wanted of a type lately.
#[derive(Default)]
pub struct Recommended(VecDeque<(Instant, u32)>);

impl Recommended {
    /// What to do now that `wanted` would be right: more at once, fewer only when they were enough for a while, and never
    /// sooner than that after this began to look.
    pub fn steady(&mut self, now: Instant, count: u32, wanted: u32) -> u32 {
        if self.0.is_empty() {
            self.0.push_back((now, count));
        }
        self.0.retain(|(at, _)| now.saturating_duration_since(*at) <= LULL);
        self.0.push_back((now, wanted));
        let most = self.0.iter().map(|(_, wanted)| *wanted).max().unwrap_or(wanted);
        if wanted >= count { wanted } else { most.min(count) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use api::types::AutoscaleRule;

    use super::{LULL, Recommended, load, wanted};

    const RULE: AutoscaleRule = AutoscaleRule { min: 2, max: 10, cpu_percent: 50 };

    #[test]
    fn loads_are_thousandths_of_the_request() {
        let second = Duration::from_secs(1);
        assert_eq!(load(second, second, 1000), Some(1000));
        assert_eq!(load(second, second * 10, 250), Some(400));
        assert_eq!(load(second, Duration::ZERO, 1000), None);
        assert_eq!(load(second, second, 0), None);
    }

    #[test]
    fn follows_the_average() {
        assert_eq!(wanted(&RULE, 2, &[1000, 1000]), 4);
        assert_eq!(wanted(&RULE, 4, &[1000, 0, 0, 0]), 2);
        assert_eq!(wanted(&RULE, 4, &[520, 520, 480, 500]), 4);
        assert_eq!(wanted(&RULE, 4, &[545, 545, 545, 545]), 4, "within a tenth");
        assert_eq!(wanted(&RULE, 4, &[560, 560, 560, 560]), 5);
    }

    #[test]
    fn stays_within_its_bounds() {
        assert_eq!(wanted(&RULE, 1, &[]), 2);
        assert_eq!(wanted(&RULE, 12, &[900; 12]), 10);
        assert_eq!(wanted(&RULE, 3, &[0; 3]), 2);
        assert_eq!(wanted(&RULE, 9, &[2000; 9]), 10);
        assert_eq!(wanted(&RULE, 3, &[]), 3, "nothing is known");
    }

    #[test]
    fn goes_up_in_steps() {
        let rule = AutoscaleRule { min: 1, max: 100, ..RULE };
        assert_eq!(wanted(&rule, 1, &[8000]), 5);
        assert_eq!(wanted(&rule, 10, &[4000; 10]), 20);
    }

    #[test]
    fn those_that_could_not_be_measured_change_nothing_for_the_worse() {
        // One of four works hard: three that idle would be fewer, but nobody knows whether they idle.
        assert_eq!(wanted(&RULE, 4, &[600]), 4);
        assert_eq!(wanted(&RULE, 4, &[0]), 3);
        assert_eq!(wanted(&RULE, 4, &[4000]), 8);
    }

    #[test]
    fn goes_down_only_after_a_while() {
        let (begin, mut recommended) = (Instant::now(), Recommended::default());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(recommended.steady(at(0), 4, 2), 4);
        assert_eq!(recommended.steady(at(60), 4, 3), 4);
        assert_eq!(recommended.steady(at(70), 4, 5), 5);
        assert_eq!(recommended.steady(at(75), 5, 2), 5);
        assert_eq!(recommended.steady(begin + LULL + Duration::from_secs(71), 5, 2), 2);
    }
}
