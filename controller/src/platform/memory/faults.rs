//! A switch for everything that can go wrong with a call.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::anyhow;

use crate::{
    failpoint::{Moment, reach},
    platform::{Action, Error},
};

/// A call of a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are the trait's methods and actions")]
pub enum Call {
    Observe,
    Survey,
    EnsureNetwork,
    RemoveNetwork,
    Start,
    Stop,
    Kill,
    Remove,
    ForgetImage,
    PrepareImage,
    Images,
    Logs,
    CpuTime,
    Tail,
    Run,
    Attach,
    StartRun,
    Exec,
    Ping,
    PingBuilds,
    BeginBuild,
    LookBuild,
    CancelBuild,
    ForgetBuild,
    ForgetBuilds,
}

/// What a call does wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done; the platform cannot be reached.
    Unavailable,
    /// Nothing is done; the platform refuses in these words.
    Rejected(String),
    /// Everything is done, but the answer is lost.
    AnswerLost,
}

/// Which of the next calls go wrong.
#[derive(Default)]
pub struct Faults {
    planned: Mutex<HashMap<Call, Plan>>,
}

struct Plan {
    times: usize,
    fault: Fault,
}

impl Call {
    pub(super) fn of(action: &Action) -> Self {
        match action {
            Action::EnsureNetwork(_) => Self::EnsureNetwork,
            Action::RemoveNetwork { .. } => Self::RemoveNetwork,
            Action::Start(_) => Self::Start,
            Action::Stop { .. } => Self::Stop,
            Action::Kill { .. } => Self::Kill,
            Action::Remove { .. } => Self::Remove,
            Action::ForgetImage { .. } => Self::ForgetImage,
        }
    }
}

impl Faults {
    /// The next `times` calls of `call` go wrong; `usize::MAX` is as good as for ever.
    pub fn next(&self, call: Call, times: usize, fault: Fault) {
        self.planned().insert(call, Plan { times, fault });
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.planned().clear();
    }

    pub(super) async fn around<T>(&self, call: Call, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let name = || format!("{call:?}");
        reach(Moment::Before, name).await.map_err(|_| unavailable(call))?;
        let done = match self.take(call) {
            None => work.await?,
            Some(Fault::Unavailable) => return Err(unavailable(call)),
            Some(Fault::Rejected(text)) => return Err(Error::Rejected(text)),
            Some(Fault::AnswerLost) => {
                work.await?;
                return Err(unavailable(call));
            }
        };
        reach(Moment::After, name).await.map_err(|_| unavailable(call))?;
        Ok(done)
    }

    fn take(&self, call: Call) -> Option<Fault> {
        let mut planned = self.planned();
        let plan = planned.get_mut(&call).filter(|plan| plan.times > 0)?;
        plan.times -= 1;
        Some(plan.fault.clone())
    }

    fn planned(&self) -> MutexGuard<'_, HashMap<Call, Plan>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(call: Call) -> Error {
    Error::Unavailable(anyhow!("{call:?} was made to fail"))
}

#[cfg(test)]
mod tests {
    use super::{Call, Fault, Faults};
    use crate::platform::Error;

    #[tokio::test]
    async fn as_often_as_asked_for() {
        let faults = Faults::default();
        faults.next(Call::Start, 1, Fault::Unavailable);
        let start = || faults.around(Call::Start, async { Ok(1) });
        assert!(matches!(start().await, Err(Error::Unavailable(_))));
        assert!(matches!(start().await, Ok(1)));
    }

    #[tokio::test]
    async fn a_lost_answer_comes_after_the_deed() {
        let faults = Faults::default();
        faults.next(Call::Stop, usize::MAX, Fault::AnswerLost);
        let mut done = 0;
        let stopped = faults.around(Call::Stop, async {
            done += 1;
            Ok(())
        });
        assert!(matches!(stopped.await, Err(Error::Unavailable(_))));
        assert_eq!(done, 1);
        faults.clear();
        assert!(faults.around(Call::Stop, async { Ok(()) }).await.is_ok());
    }
}
