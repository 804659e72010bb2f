//! Keeps one part running: adopts or starts it, starts it again when it ends, and stops or replaces it when told to.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    part::{Occasion, Part},
    process::{Ending, Launch, Mark, Process, backoff::Backoff, is_current},
    trial::Ticket,
};

/// A new process that has lived this long takes over from the one it replaces.
const SETTLED: Duration = Duration::from_secs(1);

/// What the supervisor can ask of a keeper.
pub enum Order {
    /// Stop the part in order, and end.
    Stop,
    /// Run a new process in place of the present one; answered when the new one has taken over.
    Replace(oneshot::Sender<Result<()>>),
}

/// What a part is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its process, while there is one.
    pub pid: Option<u32>,
    /// How often this supervisor has had to start it again.
    pub restarts: u32,
    /// Why it had to, the last time; or why it cannot be started.
    pub trouble: Option<String>,
}

/// The end of a keeper that the supervisor holds.
pub struct Handle {
    /// Which part.
    pub part: Part,
    /// Where orders go.
    pub orders: mpsc::Sender<Order>,
    /// What it is doing.
    pub state: watch::Receiver<State>,
    /// Ends once the part was stopped.
    pub task: JoinHandle<()>,
}

impl Handle {
    /// Stops the part in order and waits for its end.
    pub async fn stop(self) {
        // A keeper that takes no orders any more has ended.
        let _ = self.orders.send(Order::Stop).await;
        if let Err(error) = self.task.await {
            tracing::error!(part = %self.part, %error, "its keeper failed");
        }
    }
}

struct Keeper {
    part: Part,
    launch: Launch,
    orders: mpsc::Receiver<Order>,
    state: watch::Sender<State>,
    backoff: Backoff,
    /// Ends with the last of those that made room for a successor.
    leaving: JoinSet<()>,
    /// Cancelled when they are to hurry.
    stopping: CancellationToken,
    /// Where this supervisor is on trial.
    ticket: Option<Ticket>,
}

/// Why a watch of a running process ended.
enum Turn {
    Ended(Ending),
    Replaced(Process),
    Stop(Process),
}

/// Starts keeping `part` running; in a supervisor on trial, when it is its turn.
pub fn keep(part: Part, launch: Launch, ticket: Option<Ticket>) -> Handle {
    let (orders, receiver) = mpsc::channel(4);
    let (sender, state) = watch::channel(State::default());
    let keeper = Keeper {
        part,
        launch,
        orders: receiver,
        state: sender,
        backoff: Backoff::default(),
        leaving: JoinSet::new(),
        stopping: CancellationToken::new(),
        ticket,
    };
    let task = tokio::spawn(keeper.run());
    Handle { part, orders, state, task }
}

impl Keeper {
    async fn run(mut self) {
        // First, because whom the adoption replaces is sent off by it.
        self.send_off();
        let mut adopted = match self.ticket.take() {
            Some(ticket) => Some(self.follow(ticket).await),
            None => self.adopt().await,
        };
        loop {
            let process = match adopted.take().map_or_else(|| self.launch.start(), Ok) {
                Ok(process) => process,
                Err(error) => {
                    self.note(&format!("cannot be started: {error}"));
                    end_children(self.part, &self.launch.mark).await;
                    if self.pause(Duration::ZERO).await {
                        continue;
                    }
                    return;
                }
            };
            let started = Instant::now();
            match self.watch(process).await {
                Turn::Replaced(process) => adopted = Some(process),
                Turn::Stop(process) => return self.stop(process).await,
                Turn::Ended(ending) => {
                    self.note(&ending.to_string());
                    end_children(self.part, &self.launch.mark).await;
                    if !self.pause(started.elapsed()).await {
                        return;
                    }
                }
            }
        }
    }

    /// The process that an earlier supervisor left running. One of another program, other arguments or another
    /// environment than wanted now is replaced.
    async fn adopt(&mut self) -> Option<Process> {
        let process = self.launch.mark.process().unwrap_or_default()?;
        tracing::info!(part = %self.part, pid = process.pid(), "found running");
        if is_current(process.pid(), &self.launch) {
            return Some(process);
        }
        tracing::info!(part = %self.part, "runs with other settings than wanted now: replacing it");
        match self.replace(&process).await {
            Ok(successor) => Some(successor),
            Err(error) => {
                self.note(&format!("could not be replaced: {error:#}"));
                Some(process)
            }
        }
    }

    /// As [`Keeper::adopt`], on trial: nobody makes room before the successor has proved good.
    async fn follow(&mut self, ticket: Ticket) -> Process {
        let old = self.launch.mark.process().unwrap_or_default();
        self.state.send_modify(|state| state.pid = old.as_ref().map(Process::pid));
        ticket.come().await;
        let written = self.launch.journal.length();
        match self.succeed(&ticket, old).await {
            Ok((process, new)) => {
                ticket.done(self.part, new).await;
                process
            }
            Err(error) => ticket.failed(&error, self.launch.journal.tail(written)).await,
        }
    }

    /// The process that proved good, and whether it is a new one.
    async fn succeed(&mut self, ticket: &Ticket, old: Option<Process>) -> Result<(Process, bool)> {
        let (process, leaving) = match old {
            Some(old) if is_current(old.pid(), &self.launch) => {
                ticket.proof(self.part, &old).await?;
                return Ok((old, false));
            }
            Some(old) if self.part.overlaps() => {
                self.launch.mark.retire()?;
                (self.start()?, Some(old))
            }
            Some(old) => {
                old.stop(self.part.stop_signal(), self.part.grace(Occasion::Succession)).await?;
                (self.start()?, None)
            }
            None => (self.start()?, None),
        };
        ticket.proof(self.part, &process).await?;
        self.state.send_modify(|state| state.pid = Some(process.pid()));
        if let Some(old) = leaving {
            tracing::info!(part = %self.part, old = old.pid(), new = process.pid(), "replaced");
            self.leave(old);
        }
        Ok((process, true))
    }

    fn start(&self) -> Result<Process> {
        self.launch.start().with_context(|| format!("cannot start the {}", self.part))
    }

    /// Goes on with what a supervisor began that was killed while it replaced a process.
    fn send_off(&mut self) {
        for process in self.launch.mark.leaving().iter().filter_map(|mark| mark.process().unwrap_or_default()) {
            self.leave(process);
        }
    }

    async fn watch(&mut self, process: Process) -> Turn {
        tracing::info!(part = %self.part, pid = process.pid(), "watching");
        self.state.send_modify(|state| state.pid = Some(process.pid()));
        loop {
            tokio::select! {
                ending = process.ended() => return Turn::Ended(ending.unwrap_or(Ending::Unknown)),
                order = self.orders.recv() => match order {
                    Some(Order::Replace(answer)) => {
                        let result = self.replace(&process).await;
                        // Who asked may have gone away.
                        let (answered, successor) = result.map_or_else(|e| (Err(e), None), |p| (Ok(()), Some(p)));
                        let _ = answer.send(answered);
                        if let Some(successor) = successor {
                            return Turn::Replaced(successor);
                        }
                    }
                    Some(Order::Stop) | None => return Turn::Stop(process),
                },
            }
        }
    }

    /// Starts a new process and stops `old`, in the order that the part bears.
    async fn replace(&mut self, old: &Process) -> Result<Process> {
        if !self.part.overlaps() {
            old.stop(self.part.stop_signal(), self.part.grace(Occasion::Succession)).await?;
            return self.start();
        }
        let retired = self.launch.mark.retire()?;
        let settled = self.settle().await;
        if settled.is_err() {
            self.launch.mark.restore(&retired)?;
        }
        let new = settled?;
        tracing::info!(part = %self.part, old = old.pid(), new = new.pid(), "replaced");
        self.leave(old.clone());
        Ok(new)
    }

    /// Lets it finish what is under way while its successor serves already.
    fn leave(&mut self, process: Process) {
        let (part, stopping) = (self.part, self.stopping.clone());
        self.leaving.spawn(async move {
            let stop = |occasion| process.stop(part.stop_signal(), part.grace(occasion));
            let stopped = tokio::select! {
                stopped = stop(Occasion::Succession) => stopped,
                () = stopping.cancelled() => stop(Occasion::Stop).await,
            };
            if let Err(error) = stopped {
                tracing::error!(%part, pid = process.pid(), %error, "cannot be stopped");
            }
        });
    }

    async fn settle(&self) -> Result<Process> {
        let new = self.launch.start().with_context(|| format!("cannot start a new {}", self.part))?;
        match tokio::time::timeout(SETTLED, new.ended()).await {
            Ok(ending) => anyhow::bail!("the new {} {} at once; the old one stays", self.part, ending?),
            Err(_) => Ok(new),
        }
    }

    async fn stop(self, process: Process) {
        let (part, mark) = (self.part, self.launch.mark.clone());
        // Our copies of its sockets go first, so that nobody waits in their queues for ever.
        drop(self.launch);
        self.stopping.cancel();
        tracing::info!(%part, pid = process.pid(), "stopping");
        match process.stop(part.stop_signal(), part.grace(Occasion::Stop)).await {
            Ok(ending) => tracing::info!(%part, %ending, "stopped"),
            Err(error) => tracing::error!(%part, %error, "cannot be stopped"),
        }
        end_children(part, &mark).await;
        self.leaving.join_all().await;
    }

    fn note(&self, trouble: &str) {
        tracing::warn!(part = %self.part, trouble, "will be started again");
        self.state.send_modify(|state| {
            state.pid = None;
            state.restarts += 1;
            state.trouble = Some(trouble.to_owned());
        });
    }

    /// Waits before the next start; false when there shall be none.
    async fn pause(&mut self, lived: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(self.backoff.after(lived)) => true,
            order = self.orders.recv() => match order {
                Some(Order::Replace(answer)) => {
                    let _ = answer.send(Ok(()));
                    true
                }
                Some(Order::Stop) | None => false,
            },
        }
    }
}

/// Ends what a part left running that has ended itself.
async fn end_children(part: Part, mark: &Mark) {
    if !part.takes_children_along() {
        return;
    }
    while let Ok(Some(process)) = mark.process() {
        tracing::info!(%part, pid = process.pid(), "ending what it left running");
        if process.signal(Signal::KILL).is_err() || process.ended().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::account::Account, *};
    use crate::standalone::journal::Journal;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn children_of_a_killed_builder_do_not_keep_a_new_one_from_starting() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark::new(dir.path().canonicalize().unwrap().join("builder.alive"));
        let account = Account { name: "nobody".to_owned(), uid: 65534, gid: 65534 };
        let journal = Journal::new(dir.path().join("builder.log"));
        // It has its child inherit what it has inherited.
        let args = ["60", "sleep", "60"].map(Into::into).into();
        let program = "/usr/bin/timeout".into();
        let launch = Launch { program, args, env: vec![], account, groups: vec![], sockets: vec![], journal, mark };
        let mut handle = keep(Part::Builder, launch, None);
        let first = handle.state.wait_for(|state| state.pid.is_some()).await.unwrap().pid.unwrap();
        let children = format!("/proc/{first}/task/{first}/children");
        let parent = async {
            while std::fs::read_to_string(&children).unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, parent).await.unwrap();
        let process = Process::open(rustix::process::Pid::from_raw(first.cast_signed()).unwrap()).unwrap();
        process.signal(Signal::KILL).unwrap();

        let again = handle.state.wait_for(|state| state.pid.is_some_and(|pid| pid != first));
        tokio::time::timeout(PATIENCE, again).await.unwrap().unwrap();
        tokio::time::timeout(PATIENCE, handle.stop()).await.unwrap();
    }
}
