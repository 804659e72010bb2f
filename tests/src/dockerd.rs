//! An engine of a test's own, which it may kill: a real `dockerd` with folders apart from the machine's.

use std::{
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{program, wait};

/// How long it may take to answer.
const START: Duration = Duration::from_mins(1);

/// An engine that runs; it is stopped and removed when this is dropped, with what it still has.
pub struct Dockerd {
    folder: TempDir,
    child: Child,
}

impl Dockerd {
    /// Starts one, which leaves the rules of the machine's firewall alone: they are the other engine's.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("slipway-dockerd.").tempdir_in("/tmp")?;
        // Users of the platform have to get at the socket.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let child = spawn(&folder)?;
        let engine = Self { folder, child };
        engine.answers()?;
        Ok(engine)
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// SIGKILL. Containers run on.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again after that.
    pub fn start_again(&mut self) -> Result<()> {
        fs::remove_file(self.folder.path().join("docker.pid"))?;
        self.child = spawn(&self.folder)?;
        self.answers()
    }

    fn answers(&self) -> Result<()> {
        let socket = self.socket();
        let ping = || {
            let mut docker = Command::new("docker");
            docker.arg("--host").arg(format!("unix://{}", socket.display())).arg("version");
            // A socket that nobody listens on is an answer, too: not yet.
            let answered = UnixStream::connect(&socket).is_ok() && docker.output()?.status.success();
            Ok(answered.then_some(()))
        };
        let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        wait::until("the engine answers", START, ping).with_context(log)
    }

    fn stop(&mut self) -> Result<()> {
        let _ended = kill_process(Pid::from_child(&self.child), Signal::TERM);
        self.child.wait()?;
        let containerd = fs::read_to_string(self.folder.path().join("exec/containerd/containerd.pid"));
        if let Some(pid) = containerd.ok().and_then(|pid| Pid::from_raw(pid.trim().parse().ok()?)) {
            let _ended = kill_process(pid, Signal::KILL);
        }
        // An engine that was killed forgets that it has mounted this folder on itself.
        let _mounted = program::output(Command::new("umount").arg("--recursive").arg(self.folder.path().join("data")));
        Ok(())
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            // All that can be done about it here.
            let _ = writeln!(io::stderr(), "an engine could not be stopped: {error:#}");
        }
    }
}

fn spawn(folder: &TempDir) -> Result<Child> {
    let path = |name: &str| folder.path().join(name);
    let log = File::options().create(true).append(true).open(path("log"))?;
    let mut command = Command::new("dockerd");
    command.arg("--host").arg(format!("unix://{}", path("docker.sock").display()));
    for (option, name) in [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "docker.pid")] {
        command.arg(option).arg(path(name));
    }
    command.args(["--bridge=none", "--iptables=false", "--ip6tables=false", "--live-restore"]);
    Ok(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?)
}
