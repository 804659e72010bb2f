//! Deadlines without timers: one sweep looks at every connection four times a second.
//!
//! A timer per phase would mean arming and disarming several of them for each request, which costs more than the
//! routing. A connection stores until when it may wait, which is one atomic write; the sweep marks those whose time is
//! up and wakes their task, which then finds its deadline passed.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_util::task::AtomicWaker;

/// Time between two sweeps: how much longer than its limit a phase may last.
pub(crate) const SWEEP: Duration = Duration::from_millis(250);

/// Deadline of a connection that waits for nobody.
const NONE: u64 = u64::MAX;
/// Stands in place of the deadline once it has passed.
const EXPIRED: u64 = 0;

/// How far an orderly stop has come: what is under way may end by itself.
const GRACE: u8 = 0;
/// What is under way is given up; whoever can say so to the other side does.
const LEAVING: u8 = 1;
/// All waits have ended.
const OVER: u8 = 2;

/// Milliseconds since the router's start, as of the last sweep: a clock that costs one read of memory.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    now: AtomicU64,
    /// [`GRACE`], also while there is no stop; [`LEAVING`]; [`OVER`].
    stage: AtomicU8,
}

impl Clock {
    fn new() -> Self {
        // Not zero, which is no deadline but `EXPIRED`.
        Self { start: Instant::now(), now: AtomicU64::new(1), stage: AtomicU8::new(GRACE) }
    }

    pub fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    /// The moment `limit` from now.
    pub fn after(&self, limit: Duration) -> u64 {
        self.now().saturating_add(millis(limit)).min(NONE - 1)
    }

    fn tick(&self) {
        self.now.store(1 + millis(self.start.elapsed()), Relaxed);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Until when one connection may wait for its peer.
#[derive(Debug)]
pub(crate) struct Watch {
    clock: Arc<Clock>,
    deadline: AtomicU64,
    /// Nothing is under way: an orderly stop may cut the wait short.
    idle: AtomicBool,
    /// The connection is not cut when it is given up: it takes leave of its client.
    takes_leave: AtomicBool,
    waker: AtomicWaker,
}

impl Watch {
    /// Something has to happen within `limit` from now.
    pub fn arm(&self, limit: Duration) {
        self.idle.store(false, Relaxed);
        self.deadline.store(self.clock.after(limit), Relaxed);
    }

    /// Like [`Watch::arm`], but a wait that has begun goes on.
    pub fn arm_unless_armed(&self, limit: Duration) {
        if self.deadline.load(Relaxed) == NONE {
            self.arm(limit);
        }
    }

    /// Like [`Watch::arm`], for a connection on which nothing is under way.
    pub fn arm_idle(&self, limit: Duration) {
        self.arm(limit);
        self.idle.store(true, Relaxed);
    }

    /// Nothing is under way.
    pub fn idle(&self) -> bool {
        self.idle.load(Relaxed)
    }

    /// Nobody is waited for.
    pub fn disarm(&self) {
        self.idle.store(false, Relaxed);
        self.deadline.store(NONE, Relaxed);
    }

    pub fn expired(&self) -> bool {
        let over = match self.clock.stage.load(Relaxed) {
            GRACE => false,
            LEAVING => !self.takes_leave.load(Relaxed),
            _ => true,
        };
        over || self.deadline.load(Relaxed) == EXPIRED
    }

    /// From now on the connection asks whether it is [to leave](Watch::leaving), and then does so by itself.
    pub fn takes_leave(&self) {
        self.takes_leave.store(true, Relaxed);
    }

    /// What is under way is given up.
    pub fn leaving(&self) -> bool {
        self.clock.stage.load(Relaxed) != GRACE
    }

    /// Ready once the deadline has passed. Only the last task that asked is woken.
    pub fn poll_expired(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        if self.expired() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn expire_if_due(&self, now: u64, idle_until: u64) {
        let deadline = self.deadline.load(Relaxed);
        let until = if self.idle.load(Relaxed) { deadline.min(idle_until) } else { deadline };
        if deadline == EXPIRED || until > now {
            return;
        }
        // A deadline that moved in the meantime is a connection that did what it was waited for.
        if self.deadline.compare_exchange(deadline, EXPIRED, Relaxed, Relaxed).is_ok() {
            self.waker.wake();
        }
    }
}

/// All connections that may have to be woken.
#[derive(Debug)]
pub(crate) struct Watches {
    clock: Arc<Clock>,
    list: Mutex<Vec<Weak<Watch>>>,
}

impl Watches {
    pub fn new() -> Self {
        Self { clock: Arc::new(Clock::new()), list: Mutex::default() }
    }

    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// A new watch, disarmed.
    pub fn watch(&self) -> Arc<Watch> {
        let watch = Arc::new(Watch {
            clock: self.clock.clone(),
            deadline: AtomicU64::new(NONE),
            idle: AtomicBool::new(false),
            takes_leave: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        self.list.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&watch));
        watch
    }

    /// Moves the clock and wakes who has waited too long. Idle connections wait until `idle_until` at most.
    pub fn sweep(&self, idle_until: Option<u64>) {
        self.clock.tick();
        self.expire_due(self.clock.now(), idle_until.unwrap_or(NONE));
    }

    fn expire_due(&self, now: u64, idle_until: u64) {
        self.each(|watch| watch.expire_if_due(now, idle_until));
    }

    /// Gives up what is still under way: every wait ends for good, but those of who takes leave.
    pub fn leave(&self) {
        self.reach(LEAVING);
    }

    /// Ends those, too.
    pub fn expire_all(&self) {
        self.reach(OVER);
    }

    fn reach(&self, stage: u8) {
        self.clock.stage.store(stage, Relaxed);
        self.each(|watch| watch.waker.wake());
    }

    fn each(&self, mut look: impl FnMut(&Watch)) {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).retain(|weak| {
            let watch = weak.upgrade();
            if let Some(watch) = &watch {
                look(watch);
            }
            watch.is_some()
        });
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_wait_that_has_begun_is_not_prolonged() {
        let watches = Watches::new();
        let watch = watches.watch();
        watch.arm_unless_armed(Duration::from_millis(100));
        watches.clock.now.store(80, Relaxed);
        watch.arm_unless_armed(Duration::from_millis(100));
        watches.expire_due(101, NONE);
        assert!(watch.expired());
    }

    #[test]
    fn an_orderly_stop_shortens_only_idle_waits() {
        let watches = Watches::new();
        let watch = watches.watch();
        watch.arm(Duration::from_secs(10));
        watches.expire_due(50, 20);
        assert!(!watch.expired());
        watch.arm_idle(Duration::from_secs(10));
        watches.expire_due(50, 20);
        assert!(watch.expired());
    }

    #[test]
    fn a_sweep_expires_what_is_due_and_forgets_what_is_gone() {
        let watches = Watches::new();
        let due = watches.watch();
        let free = watches.watch();
        drop(watches.watch());
        due.arm(Duration::ZERO);
        watches.sweep(None);
        assert!(due.expired() && !free.expired());
        assert_eq!(watches.list.lock().unwrap().len(), 2);
    }

    #[test]
    fn who_takes_leave_is_not_cut_at_once() {
        let watches = Watches::new();
        let (polite, other) = (watches.watch(), watches.watch());
        polite.takes_leave();
        assert!(!polite.leaving());
        watches.leave();
        assert!(polite.leaving() && !polite.expired() && other.expired());
        watches.expire_all();
        assert!(polite.expired());
    }

    #[test]
    fn arming_again_revives_until_all_is_over() {
        let watches = Watches::new();
        let watch = watches.watch();
        watch.arm(Duration::ZERO);
        watches.sweep(None);
        watch.arm(Duration::from_secs(1));
        assert!(!watch.expired());
        watches.expire_all();
        watch.arm(Duration::from_secs(1));
        assert!(watch.poll_expired(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}
