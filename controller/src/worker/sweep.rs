//! What wakes an app that nobody spoke of: something of it changed on the platform and the word of it was lost.
//!
//! One look at everything says which apps that is, so that a machine full of apps at rest costs next to nothing. What that
//! look cannot see, somebody finds who looks at every app in full, a few at a time.

use std::{collections::HashMap, time::Duration};

use uuid::Uuid;

use super::Workers;
use crate::{db, platform::Mark};

/// Time between two looks at everything.
const PERIOD: Duration = Duration::from_secs(30);
/// Every app is looked at in full once in so many looks: each 20 minutes.
const ROUNDS: i64 = 40;

/// Sweeps for as long as it is polled.
pub(super) async fn run(workers: &Workers) {
    let mut ticks = tokio::time::interval(PERIOD);
    let mut sweep = Sweep::default();
    loop {
        ticks.tick().await;
        let apps = db::app::all(&workers.state.pool).await;
        let marks = workers.state.platform.survey().await;
        match (apps, marks) {
            (Ok(apps), Ok(marks)) => sweep.next(&apps, marks).into_iter().for_each(|id| workers.wake(id)),
            (Err(error), _) => tracing::warn!(%error, "the apps cannot be looked after; trying again"),
            (_, Err(error)) => tracing::warn!(%error, "the platform cannot be looked at; trying again"),
        }
    }
}

/// What the last look saw.
#[derive(Default)]
struct Sweep {
    /// Nothing before the first look.
    seen: Option<HashMap<Uuid, Mark>>,
    round: i64,
}

impl Sweep {
    /// Which of `apps` to wake, now that the platform looks so. The first time all of them.
    fn next(&mut self, apps: &[(i64, Uuid)], marks: HashMap<Uuid, Mark>) -> Vec<i64> {
        self.round = (self.round + 1) % ROUNDS;
        let before = self.seen.replace(marks);
        let (Some(before), Some(now)) = (before, &self.seen) else { return apps.iter().map(|(id, _)| *id).collect() };
        let wakes = |(id, uuid): &&(i64, Uuid)| before.get(uuid) != now.get(uuid) || id % ROUNDS == self.round;
        apps.iter().filter(wakes).map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use uuid::Uuid;

    use super::{ROUNDS, Sweep};
    use crate::platform::Mark;

    #[test]
    fn wakes_all_at_first_then_what_changed_and_each_in_its_turn() {
        let apps: Vec<_> = (1..=100_i64).map(|id| (id, Uuid::from_u128(id.unsigned_abs().into()))).collect();
        let marks = |changed: i64| -> HashMap<_, _> {
            apps.iter().map(|(id, uuid)| (*uuid, Mark(u64::from(*id == changed)))).collect()
        };
        let mut sweep = Sweep::default();
        assert_eq!(sweep.next(&apps, marks(0)).len(), 100);
        assert!(sweep.next(&apps, marks(70)).contains(&70));
        assert!(sweep.next(&apps, marks(0)).contains(&70));
        let mut woken = BTreeSet::new();
        for _ in 0..ROUNDS {
            let round = sweep.next(&apps, marks(0));
            assert!(round.len() <= 3, "{round:?}");
            woken.extend(round);
        }
        assert_eq!(woken.len(), 100);
    }

    #[test]
    fn what_came_or_went_has_changed() {
        let apps = [(7, Uuid::from_u128(7))];
        let mut sweep = Sweep::default();
        sweep.next(&apps, HashMap::new());
        assert_eq!(sweep.next(&apps, HashMap::from([(apps[0].1, Mark(0))])), [7]);
        assert_eq!(sweep.next(&apps, HashMap::new()), [7]);
        assert_eq!(sweep.next(&apps, HashMap::new()), Vec::<i64>::new());
    }
}
