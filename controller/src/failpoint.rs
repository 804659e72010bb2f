//! Where a test may stop, break or end a controller: before and after each commit, and each call of the platform in memory.
//! In what ships there is nothing here.
//!
//! Who watches is known per thread: a test gives each controller a thread of its own.

/// A test wanted this to fail.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it was made to fail")]
pub struct MadeToFail;

/// On which side of what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing is done yet.
    Before,
    /// It is done, and nobody was told.
    After,
}

/// Goes past a point, unless a test wants otherwise.
#[cfg(not(any(test, feature = "testing")))]
#[expect(clippy::unused_async, reason = "it waits where tests watch")]
pub(crate) async fn reach(_: Moment, _: impl FnOnce() -> String) -> Result<(), MadeToFail> {
    Ok(())
}

#[cfg(any(test, feature = "testing"))]
pub(crate) use self::watched::reach;
#[cfg(any(test, feature = "testing"))]
pub use self::watched::{Point, Verdict, Watcher, watch};

#[cfg(any(test, feature = "testing"))]
mod watched {
    use std::{cell::RefCell, fmt, sync::Arc};

    use super::{MadeToFail, Moment};

    /// A point on the way.
    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Point {
        /// See [`Moment`].
        pub moment: Moment,
        /// What is done: a commit, and where it stands in the sources, or a call of the platform.
        pub what: String,
    }

    impl fmt::Display for Point {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let moment = if self.moment == Moment::Before { "before" } else { "after" };
            write!(f, "{moment} {}", self.what)
        }
    }

    /// What becomes of whoever reaches a point.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Verdict {
        /// It goes on.
        GoOn,
        /// It is told that what it wanted failed.
        Fail,
        /// It never goes on.
        Stop,
    }

    /// Decides at each point; may take its time, during which the whole thread stands still.
    pub type Watcher = Arc<dyn Fn(&Point) -> Verdict + Send + Sync>;

    thread_local! {
        static WATCHER: RefCell<Option<Watcher>> = const { RefCell::new(None) };
    }

    /// Watches everything that this thread does from now on.
    pub fn watch(watcher: Watcher) {
        WATCHER.set(Some(watcher));
    }

    pub(crate) async fn reach(moment: Moment, what: impl FnOnce() -> String) -> Result<(), MadeToFail> {
        let verdict = WATCHER.with_borrow(Clone::clone).map(|watcher| watcher(&Point { moment, what: what() }));
        match verdict.unwrap_or(Verdict::GoOn) {
            Verdict::GoOn => Ok(()),
            Verdict::Fail => Err(MadeToFail),
            Verdict::Stop => std::future::pending().await,
        }
    }
}
