//! A supervisor on trial: started by the one before it, from a program that has yet to prove good, and watched by it
//! (`upgrade/oversee.rs`). It has the parts follow one after the other, and tells of each on its standard output.
//!
//! Whatever goes wrong, it leaves as it is and tells: who tries it out ends it and puts everything back, as after a crash.

use std::{
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{
    control::Firewall,
    health::{self, Contacts},
    keeper::State,
    part::Part,
    process::Process,
};

/// Time between two looks at a process that is to serve.
const PERIOD: Duration = Duration::from_millis(50);

/// What it tells, a line of JSON each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// It has become the supervisor, and takes the parts over.
    Begun,
    /// A part serves.
    Serves {
        /// Which.
        part: Part,
        /// It is a new process.
        new: bool,
    },
    /// Everything serves at once.
    Ready,
    /// Something does not.
    Failed {
        /// Why, for people.
        reason: String,
        /// The last lines that the part has written.
        journal: Vec<String>,
    },
}

impl Step {
    /// Tells it. Where nobody listens, nobody watches over this trial either, and it must not go on.
    pub fn tell(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(self)?)?;
        out.flush()
    }
}

/// What the keepers share.
pub struct Trial {
    patience: Duration,
    contacts: Contacts,
    /// Whose turn it is to follow.
    turn: watch::Sender<usize>,
}

/// A keeper's place in the order.
#[derive(Clone)]
pub struct Ticket {
    trial: Arc<Trial>,
    place: usize,
}

impl Trial {
    /// One in which each part may take so long.
    pub fn new(patience: Duration, contacts: Contacts) -> Arc<Self> {
        Arc::new(Self { patience, contacts, turn: watch::Sender::new(0) })
    }

    /// For the keeper at this place; after the last one comes the conclusion.
    pub fn ticket(self: &Arc<Self>, place: usize) -> Ticket {
        Ticket { trial: Arc::clone(self), place }
    }
}

impl Ticket {
    /// Waits for it.
    pub async fn come(&self) {
        // It cannot be dropped while we have it.
        let _ = self.trial.turn.subscribe().wait_for(|turn| *turn == self.place).await;
    }

    /// Tells that the part serves, and lets the next one go on.
    pub async fn done(self, part: Part, new: bool) {
        self.tell(&Step::Serves { part, new }).await;
        self.trial.turn.send_modify(|turn| *turn += 1);
    }

    /// Tells what is wrong, and waits for the end.
    pub async fn failed(&self, error: &anyhow::Error, journal: Vec<String>) -> ! {
        tracing::error!(error = format!("{error:#}"), "does not prove good");
        self.tell(&Step::Failed { reason: format!("{error:#}"), journal }).await;
        never().await
    }

    async fn tell(&self, step: &Step) {
        if step.tell().is_err() {
            never().await;
        }
    }

    /// Waits until this very process serves; fails when it ends or takes too long.
    pub async fn proof(&self, part: Part, process: &Process) -> Result<()> {
        let deadline = Instant::now() + self.trial.patience;
        loop {
            tokio::select! {
                ending = process.ended() => bail!("the {part} {}", ending?),
                serves = health::is_serving(part, process.pid(), &self.trial.contacts) => if serves {
                    return Ok(());
                },
            }
            ensure!(Instant::now() < deadline, "the {part} did not serve within {} s", self.trial.patience.as_secs());
            tokio::time::sleep(PERIOD).await;
        }
    }

    /// When all have followed: everything serves at once, and nothing has had to be started again.
    pub async fn conclude(self, states: Vec<(Part, watch::Receiver<State>)>, firewall: watch::Receiver<Firewall>) {
        self.come().await;
        match self.everything(&states, &firewall).await {
            Ok(()) => self.tell(&Step::Ready).await,
            Err(error) => self.failed(&error, Vec::new()).await,
        }
    }

    async fn everything(
        &self,
        states: &[(Part, watch::Receiver<State>)],
        firewall: &watch::Receiver<Firewall>,
    ) -> Result<()> {
        if let Firewall::Broken { reason } = &*firewall.borrow() {
            bail!("the firewall rules are not as they should be: {reason}");
        }
        for (part, state) in states {
            let state = state.borrow().clone();
            let trouble = state.trouble.unwrap_or_default();
            ensure!(state.restarts == 0, "the {part} did not stay: it {trouble}");
            let pid = state.pid.and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed()));
            let Some(process) = pid.and_then(|pid| Process::open(pid).ok()) else { bail!("the {part} ended") };
            self.proof(*part, &process).await?;
        }
        Ok(())
    }
}

/// Until this process is ended.
async fn never() -> ! {
    std::future::pending::<()>().await;
    unreachable!("it is never ready")
}
