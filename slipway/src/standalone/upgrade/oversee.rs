//! The supervisor before, while the new one is on trial: it has let go of everything but its pid, which systemd knows,
//! and watches.
//!
//! The new one ends with it (`setpriv --pdeathsig`), and nothing that outlives both says that there is an upgrade: whoever
//! starts the platform next starts the program by its name, which takes over what runs another one.

use std::{os::unix::net::UnixStream, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, Result, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};
use tokio_util::sync::CancellationToken;

use super::Staged;
use crate::standalone::{
    control::{Answer, server::Reply},
    journal::Journal,
    paths::Paths,
    restart,
    trial::Step,
};

/// What the new supervisor may take beyond what it grants to a part.
const SLACK: Duration = Duration::from_secs(15);

/// An upgrade to be.
pub struct Overseer {
    staged: Staged,
    patience: u64,
    reply: UnixStream,
    journal: Journal,
}

/// What this process does next.
pub enum Next {
    /// Become the supervisor, from the program that has the name now.
    Become(PathBuf),
    /// End: the platform was stopped.
    End,
}

/// Why a trial ended.
enum Outcome {
    Good,
    Bad { reason: String, journal: Vec<String> },
    Stopped,
}

/// The new supervisor.
struct Tried {
    child: Child,
    steps: Lines<BufReader<ChildStdout>>,
}

impl Overseer {
    /// Says what was found, and prepares the rest.
    pub async fn new(staged: Staged, patience: u64, mut reply: Reply, paths: &Paths) -> Result<Self> {
        let found = Answer::Progress { what: "program".to_owned(), outcome: format!("is slipway {}", staged.to) };
        reply.give(&found).await;
        let journal = Journal::new(paths.journals().join("upgrade.log"));
        Ok(Self { staged, patience, reply: reply.leave()?, journal })
    }

    /// Tries the new program out, and gives it the name when it proves good.
    pub async fn conduct(self, shutdown: CancellationToken) -> Result<Next> {
        let mut reply = Reply::from_std(self.reply.try_clone()?)?;
        if let Err(error) = self.journal.bound() {
            tracing::warn!(%error, "cannot bound a journal");
        }
        let written = self.journal.length();
        let tried = self.start().context("cannot start the new supervisor");
        let outcome = match tried {
            Ok(mut tried) => {
                let outcome = self.watch(&mut tried, &mut reply, &shutdown, written).await;
                let outcome = match outcome {
                    Outcome::Good => self.staged.commit().map_or_else(|error| bad(&error), |()| Outcome::Good),
                    outcome => outcome,
                };
                // Its parts go on, and whoever comes next takes them over.
                let _ended = tried.child.kill().await;
                outcome
            }
            Err(error) => bad(&error),
        };
        let answer = match outcome {
            Outcome::Stopped => return Ok(Next::End),
            Outcome::Good => {
                tracing::info!(from = self.staged.from, to = self.staged.to, "upgraded");
                let (Staged { from, to, .. }, previous) = (self.staged.clone(), self.staged.previous());
                Answer::Upgraded { from, to, previous }
            }
            Outcome::Bad { reason, journal } => {
                tracing::error!(reason, to = self.staged.to, "not upgraded: returning to the program before");
                self.staged.discard();
                Answer::Returned { reason, journal }
            }
        };
        reply.give(&answer).await;
        Ok(Next::Become(self.staged.program))
    }

    fn start(&self) -> Result<Tried> {
        let log = self.journal.open()?;
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(self.staged.next()).args(std::env::args_os().skip(1));
        command.args(["--trial", &self.patience.to_string()]);
        // What a terminal sends is meant for this process, which hands it on.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("it has no output")?;
        Ok(Tried { child, steps: BufReader::new(stdout).lines() })
    }

    async fn watch(&self, tried: &mut Tried, reply: &mut Reply, shutdown: &CancellationToken, written: u64) -> Outcome {
        let silence = Duration::from_secs(self.patience) + SLACK;
        loop {
            let step = tokio::select! {
                step = tokio::time::timeout(silence, tried.steps.next_line()) => step,
                () = shutdown.cancelled() => return tried.stop().await,
            };
            let what = match step {
                Ok(Ok(Some(line))) => match serde_json::from_str(&line) {
                    Ok(Step::Begun) => "supervisor".to_owned(),
                    Ok(Step::Serves { part, new: true }) => part.to_string(),
                    Ok(Step::Serves { new: false, .. }) | Err(_) => continue,
                    Ok(Step::Ready) => return Outcome::Good,
                    Ok(Step::Failed { reason, journal }) => return Outcome::Bad { reason, journal },
                },
                Ok(_) => return self.ended(tried, written).await,
                Err(_) => {
                    let reason = format!("the supervisor said nothing for {} s", silence.as_secs());
                    return Outcome::Bad { reason, journal: self.journal.tail(written) };
                }
            };
            reply.give(&Answer::Progress { what, outcome: "serves".to_owned() }).await;
        }
    }

    /// It told nothing more. One that was told to stop, and has stopped everything, says so by its exit code.
    async fn ended(&self, tried: &mut Tried, written: u64) -> Outcome {
        match tried.child.wait().await {
            Ok(status) if status.success() => Outcome::Stopped,
            Ok(status) => {
                Outcome::Bad { reason: format!("the supervisor ended ({status})"), journal: self.journal.tail(written) }
            }
            Err(error) => bad(&anyhow!(error)),
        }
    }
}

impl Tried {
    /// Has it stop everything.
    async fn stop(&mut self) -> Outcome {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        // One that has ended has nothing to stop any more.
        let _ended = pid.map(|pid| kill_process(pid, Signal::TERM));
        let _ended = self.child.wait().await;
        Outcome::Stopped
    }
}

fn bad(error: &anyhow::Error) -> Outcome {
    Outcome::Bad { reason: format!("{error:#}"), journal: Vec::new() }
}

impl Next {
    /// Does it. Returns only when it cannot become the supervisor.
    pub fn take(self) -> Result<()> {
        let Self::Become(program) = self else { return Ok(()) };
        restart::become_new(&program)
    }
}
