//! What a row of results means: pure counting against the two thresholds of a probe.

use api::types::Probe;

/// Counts results in a row.
#[derive(Debug)]
pub(super) struct Gauge {
    rise: u32,
    fall: u32,
    successes: u32,
    failures: u32,
    verdict: Verdict,
}

/// What is known after the results so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not enough results in a row either way.
    Unknown,
    Passing,
    /// The last failure, in words.
    Failing(String),
}

impl Gauge {
    pub(super) fn new(probe: &Probe) -> Self {
        Self {
            rise: probe.success_threshold.max(1),
            fall: probe.failure_threshold.max(1),
            successes: 0,
            failures: 0,
            verdict: Verdict::Unknown,
        }
    }

    /// Takes one more result and answers the verdict if that changed it.
    pub(super) fn record(&mut self, result: Result<(), String>) -> Option<Verdict> {
        let verdict = match result {
            Ok(()) => self.success(),
            Err(reason) => self.failure(reason),
        };
        if verdict == self.verdict {
            return None;
        }
        self.verdict = verdict.clone();
        Some(verdict)
    }

    fn success(&mut self) -> Verdict {
        self.failures = 0;
        self.successes = self.successes.saturating_add(1);
        if self.successes >= self.rise { Verdict::Passing } else { self.verdict.clone() }
    }

    fn failure(&mut self, reason: String) -> Verdict {
        self.successes = 0;
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.fall { Verdict::Failing(reason) } else { self.verdict.clone() }
    }
}

#[cfg(test)]
mod tests {
    use api::types::Probe;

    use super::{Gauge, Verdict};

    fn gauge(rise: u32, fall: u32) -> Gauge {
        let probe = format!(r#"{{"successThreshold":{rise},"failureThreshold":{fall}}}"#);
        Gauge::new(&serde_json::from_str::<Probe>(&probe).unwrap())
    }

    /// One letter a result: `+` or `-`; the answer has one letter a verdict.
    fn play(mut gauge: Gauge, results: &str) -> String {
        let result = |c| if c == '+' { Ok(()) } else { Err("no".to_owned()) };
        let letter = |verdict: &Verdict| match verdict {
            Verdict::Unknown => '?',
            Verdict::Passing => '+',
            Verdict::Failing(_) => '-',
        };
        results
            .chars()
            .map(|c| {
                gauge.record(result(c));
                letter(&gauge.verdict)
            })
            .collect()
    }

    #[test]
    fn thresholds_count_results_in_a_row() {
        assert_eq!(play(gauge(1, 3), "--+--+---+"), "??++++++-+");
        assert_eq!(play(gauge(2, 1), "+-++-+"), "?--+--");
        assert_eq!(play(gauge(0, 0), "+-"), "+-");
    }

    #[test]
    fn answers_changes_only() {
        let mut gauge = gauge(1, 1);
        assert_eq!(gauge.record(Ok(())), Some(Verdict::Passing));
        assert_eq!(gauge.record(Ok(())), None);
        assert_eq!(gauge.record(Err("a".to_owned())), Some(Verdict::Failing("a".to_owned())));
        assert_eq!(gauge.record(Err("a".to_owned())), None);
        assert_eq!(gauge.record(Err("b".to_owned())), Some(Verdict::Failing("b".to_owned())));
    }
}
