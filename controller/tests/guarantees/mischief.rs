//! What is done to a controller at which of its fail points, and what it went past.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use controller::failpoint::{Point, Verdict, Watcher};
use tokio_util::sync::CancellationToken;

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It fails that often, one time after the other.
    Fails(usize),
    /// The controller ends there, and so often its successor, too.
    Ends(usize),
    /// The controller stands still there until it is told to go on.
    Stands,
}

impl Deed {
    fn times(self) -> usize {
        match self {
            Self::Fails(times) | Self::Ends(times) => times,
            Self::Stands => 1,
        }
    }
}

/// One deed at one point: the `nth` time that it is reached.
#[derive(Clone, Debug)]
pub struct Step {
    pub point: Point,
    pub nth: usize,
    pub deed: Deed,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}, time {}", self.deed, self.point, self.nth)
    }
}

/// Shared by the test and the controllers of a site.
#[derive(Clone, Default)]
pub struct Mischief(Arc<Shared>);

#[derive(Default)]
struct Shared {
    inner: Mutex<Inner>,
    /// Somebody who stood still may go on.
    gone_on: Condvar,
}

#[derive(Default)]
struct Inner {
    step: Option<Step>,
    /// How often each point was reached since the beginning.
    reached: BTreeMap<Point, usize>,
    done: usize,
    /// The controller that stands still.
    still: Option<CancellationToken>,
}

impl Mischief {
    /// Forgets what was, and does this from now on.
    pub fn begin(&self, step: Option<Step>) {
        *self.lock() = Inner { step, ..Inner::default() };
    }

    /// Lets everything go on from now on. Answers how often each point was reached, and how often something was done.
    pub fn end(&self) -> (BTreeMap<Point, usize>, usize) {
        let mut inner = self.lock();
        inner.step = None;
        (std::mem::take(&mut inner.reached), inner.done)
    }

    /// Watches a controller that is over when `ended` is cancelled.
    pub fn watcher(&self, ended: CancellationToken) -> Watcher {
        let mischief = self.clone();
        Arc::new(move |point| mischief.judge(point, &ended))
    }

    fn judge(&self, point: &Point, ended: &CancellationToken) -> Verdict {
        if ended.is_cancelled() {
            return Verdict::Stop;
        }
        let mut inner = self.lock();
        let reached = inner.reached.entry(point.clone()).or_default();
        *reached += 1;
        let reached = *reached;
        let Some(Step { point: wanted, nth, deed }) = inner.step.clone() else { return Verdict::GoOn };
        if wanted != *point || reached < nth || inner.done >= deed.times() {
            return Verdict::GoOn;
        }
        inner.done += 1;
        match deed {
            Deed::Fails(_) => Verdict::Fail,
            Deed::Ends(_) => {
                ended.cancel();
                Verdict::Stop
            }
            Deed::Stands => {
                inner.still = Some(ended.clone());
                let woken = self.0.gone_on.wait_while(inner, |inner| inner.still.is_some());
                drop(woken.unwrap_or_else(PoisonError::into_inner));
                Verdict::GoOn
            }
        }
    }

    /// How often something was done.
    pub fn done(&self) -> usize {
        self.lock().done
    }

    /// Lets whoever stands still go on.
    pub fn go_on(&self) {
        self.lock().still = None;
        self.0.gone_on.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
