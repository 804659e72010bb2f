//! Starting a process of ours: as an unprivileged user, with the sockets it needs and nothing else.
//!
//! `setpriv` (util-linux, on every Debian) drops the privileges between fork and exec: a Rust closure there would need
//! `unsafe`. Descriptors follow systemd's convention (`LISTEN_FDS`, `LISTEN_FDNAMES`, first one 3), without
//! `LISTEN_PID`, which cannot be known before the fork.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::{fd::OwnedFd, unix::process::CommandExt},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::Pid;

use super::{Process, current::pair};
use crate::standalone::{account::Account, journal::Journal, process::Mark};

/// The first inherited descriptor, by systemd's convention.
pub const FIRST_FD: i32 = 3;
/// All that a part may find on its PATH.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// A named descriptor to pass on; clones share it.
pub type Named = (String, Arc<OwnedFd>);

/// What to start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Absolute path.
    pub program: PathBuf,
    /// Arguments; never a secret, since every user of the machine can read them.
    pub args: Vec<OsString>,
    /// The whole environment but for PATH and the names of the descriptors.
    pub env: Vec<(String, OsString)>,
    /// Who runs it.
    pub account: Account,
    /// Groups beside the account's own.
    pub groups: Vec<u32>,
    /// Descriptors it inherits, in this order.
    pub sockets: Vec<Named>,
    /// Where what it writes goes.
    pub journal: Journal,
    /// How a later supervisor finds it.
    pub mark: Mark,
}

impl Launch {
    /// Starts it. `WouldBlock` while an earlier process of the same mark lives.
    pub fn start(&self) -> io::Result<Process> {
        let mark = self.mark.claim()?.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::WouldBlock,
                "processes of the one before are still alive; waiting for their end",
            )
        })?;
        let output = self.journal.open()?;
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        command.fd_mappings(self.mappings(mark)?).map_err(io::Error::other)?;
        let child = command.spawn()?;
        Process::open(Pid::from_child(&child))
    }

    /// Its whole environment, `key=value` each.
    pub fn environment(&self) -> Vec<OsString> {
        self.variables().iter().map(|(key, value)| pair(key, value)).collect()
    }

    fn variables(&self) -> Vec<(&str, OsString)> {
        let own = self.env.iter().map(|(key, value)| (key.as_str(), value.clone()));
        let listen = [("LISTEN_FDS", self.sockets.len().to_string()), ("LISTEN_FDNAMES", self.names())];
        let listen = listen.map(|(key, value)| (key, value.into()));
        [("PATH", PATH.into())].into_iter().chain(listen).chain(own).collect()
    }

    fn command(&self) -> Command {
        let mut command = Command::new("/usr/bin/setpriv");
        command
            .args(["--reuid", &self.account.uid.to_string(), "--regid", &self.account.gid.to_string()])
            .args(self.group_args())
            .args(["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"])
            .arg(&self.program)
            .args(&self.args)
            .env_clear()
            .envs(self.variables())
            .current_dir("/")
            // A group of its own: what a terminal sends to the supervisor is not meant for the parts.
            .process_group(0);
        command
    }

    fn group_args(&self) -> Vec<String> {
        if self.groups.is_empty() {
            return vec!["--clear-groups".to_owned()];
        }
        let groups: Vec<_> = self.groups.iter().map(u32::to_string).collect();
        vec!["--groups".to_owned(), groups.join(",")]
    }

    fn names(&self) -> String {
        self.sockets.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(":")
    }

    /// The mark comes last and is not counted: the process need not know of it.
    fn mappings(&self, mark: File) -> io::Result<Vec<FdMapping>> {
        let sockets = self.sockets.iter().map(|(_, socket)| socket.try_clone());
        let all = sockets.chain([Ok(OwnedFd::from(mark))]);
        (FIRST_FD..).zip(all).map(|(child_fd, fd)| Ok(FdMapping { parent_fd: fd?, child_fd })).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::net::UnixListener, time::Duration};

    use super::{super::is_current, *};

    const PATIENCE: Duration = Duration::from_secs(20);

    fn launch(dir: &std::path::Path, groups: Vec<u32>) -> Launch {
        let socket = Arc::new(OwnedFd::from(UnixListener::bind(dir.join("a.sock")).unwrap()));
        Launch {
            program: "/usr/bin/env".into(),
            args: vec![],
            env: vec![("SLIPWAY_DOMAIN".to_owned(), "localhost".into())],
            account: Account { name: "nobody".to_owned(), uid: 65534, gid: 65534 },
            groups,
            sockets: vec![("http".to_owned(), Arc::clone(&socket)), ("api".to_owned(), socket)],
            journal: Journal::new(dir.join("part.log")),
            mark: Mark::new(dir.join("part.alive")),
        }
    }

    #[test]
    fn drops_everything_before_the_program_runs() {
        let dir = tempfile::tempdir().unwrap();
        let command = launch(dir.path(), vec![105, 7]).command();
        let line: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
        insta::assert_snapshot!(line.join(" "), @"--reuid 65534 --regid 65534 --groups 105,7 --no-new-privs --inh-caps=-all --bounding-set=-all -- /usr/bin/env");
    }

    #[tokio::test]
    async fn the_process_sees_a_closed_environment_and_its_sockets() {
        let dir = tempfile::tempdir().unwrap();
        let launch = launch(dir.path(), vec![]);
        let process = launch.start().unwrap();
        assert_eq!(process.ended().await.unwrap(), super::super::Ending::Exit(0));
        let mut lines: Vec<_> =
            std::fs::read_to_string(dir.path().join("part.log")).unwrap().lines().map(str::to_owned).collect();
        lines.sort();
        insta::assert_snapshot!(lines.join("\n"), @"
        LISTEN_FDNAMES=http:api
        LISTEN_FDS=2
        PATH=/usr/sbin:/usr/bin:/sbin:/bin
        SLIPWAY_DOMAIN=localhost
        ");
    }

    #[tokio::test]
    async fn a_process_with_other_settings_is_not_current() {
        let dir = tempfile::tempdir().unwrap();
        let mut launch = launch(dir.path(), vec![]);
        launch.program = std::fs::canonicalize("/usr/bin/sleep").unwrap();
        launch.args = vec!["60".into()];
        let process = launch.start().unwrap();
        // setpriv is still on its way at first.
        let current = async {
            while !is_current(process.pid(), &launch) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, current).await.unwrap();
        let other = Launch { args: vec!["61".into()], ..launch.clone() };
        assert!(!is_current(process.pid(), &other));
        let other = Launch { env: vec![], ..launch.clone() };
        assert!(!is_current(process.pid(), &other));
        process.stop(rustix::process::Signal::TERM, PATIENCE).await.unwrap();
    }
}
