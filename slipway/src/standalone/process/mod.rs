//! Processes that are watched, whether this supervisor started them or found them running.
//!
//! A pid is only a number that comes again; a pidfd is the process. Everything here goes through pidfds, so that a
//! child and an adopted process are treated alike and a signal never reaches a stranger.

pub mod backoff;
mod current;
pub mod launch;
mod mark;

use std::{
    fmt, io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};
use tokio::io::unix::AsyncFd;

pub use current::{is_current, runs, same_file};
pub use launch::Launch;
pub use mark::Mark;

/// A running process, or one that has just ended. Clones are the same process.
#[derive(Clone)]
pub struct Process {
    pid: Pid,
    pidfd: Arc<AsyncFd<OwnedFd>>,
}

impl Process {
    /// Takes hold of the process that has this pid now.
    #[expect(deprecated, reason = "unsound only for types whose descriptor changes; what follows it needs `unsafe`")]
    pub fn open(pid: Pid) -> io::Result<Self> {
        let pidfd = AsyncFd::new(pidfd_open(pid, PidfdFlags::empty())?)?;
        Ok(Self { pid, pidfd: Arc::new(pidfd) })
    }

    /// Its pid, for people.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Sends a signal; to send one to a process that has ended is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(self.pidfd.as_fd(), signal) {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            result => Ok(result?),
        }
    }

    /// Waits until it has ended. How it ended is known only of our own children.
    pub async fn ended(&self) -> io::Result<Ending> {
        // A pidfd is readable from the end of its process on, for ever.
        let _ready = self.pidfd.readable().await?;
        match waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED) {
            Ok(Some(status)) => {
                let code = status.exit_status().map(Ending::Exit);
                Ok(code.or(status.terminating_signal().map(Ending::Signal)).unwrap_or(Ending::Unknown))
            }
            Ok(None) | Err(rustix::io::Errno::CHILD) => Ok(Ending::Unknown),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks it to end with `signal`; after `grace` it is killed.
    pub async fn stop(&self, signal: Signal, grace: Duration) -> io::Result<Ending> {
        self.signal(signal)?;
        if let Ok(ending) = tokio::time::timeout(grace, self.ended()).await {
            return ending;
        }
        tracing::warn!(pid = self.pid(), ?grace, "did not stop in time, killing it");
        self.signal(Signal::KILL)?;
        self.ended().await
    }
}

/// Takes note of children that ended while this process was another program, which started them. To be called before it
/// starts any of its own.
pub fn reap() {
    while let Ok(Some(_)) = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {}
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It was adopted, so that only its end is known.
    Unknown,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "ended with exit code {code}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Self::Unknown => f.write_str("ended"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[expect(clippy::zombie_processes, reason = "a `Process` waits for its child")]
    fn open(command: &mut Command) -> Process {
        let child = command.spawn().unwrap();
        Process::open(Pid::from_child(&child)).unwrap()
    }

    #[tokio::test]
    async fn tells_how_a_child_ended() {
        assert_eq!(open(&mut Command::new("true")).ended().await.unwrap(), Ending::Exit(0));
        assert_eq!(open(&mut Command::new("false")).ended().await.unwrap(), Ending::Exit(1));
    }

    #[tokio::test]
    async fn stops_with_the_signal_and_kills_what_ignores_it() {
        let polite = open(Command::new("sleep").arg("60"));
        assert_eq!(polite.stop(Signal::TERM, Duration::from_secs(20)).await.unwrap(), Ending::Signal(15));
        let deaf = open(Command::new("env").args(["--ignore-signal=TERM", "sleep", "60"]));
        // env needs a moment to become deaf; until then SIGTERM would end it as politely as the one above.
        let comm = format!("/proc/{}/comm", deaf.pid());
        let is_deaf = async {
            while std::fs::read_to_string(&comm).unwrap() != "sleep\n" {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), is_deaf).await.unwrap();
        assert_eq!(deaf.stop(Signal::TERM, Duration::from_millis(50)).await.unwrap(), Ending::Signal(9));
        deaf.signal(Signal::TERM).unwrap();
    }
}
