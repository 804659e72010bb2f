//! `slipway router` alone, as a process; what it serves, the test says.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Result, ensure};
use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, kill_process};

use crate::{program, routes::ControlPlane, wait};

/// How long a router may take to follow its control plane.
const START: Duration = Duration::from_secs(30);

/// A running router.
pub struct Router {
    process: Child,
    /// Where it listens, on loopback.
    pub port: u16,
}

impl Router {
    /// Starts one that follows `plane`, and waits until it knows `version` of the routes. Its files lie in `folder`.
    pub fn start(plane: &ControlPlane, version: i64, folder: &Path) -> Result<Self> {
        fs::write(folder.join("credential"), "s3cret")?;
        fs::write(folder.join("router.key"), "5a".repeat(32))?;
        let socket = TcpListener::bind("127.0.0.1:0")?;
        let port = socket.local_addr()?.port();
        let mut command = Command::new(program::ours("slipway")?);
        command.env_clear().env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "http");
        command.env("RUST_LOG", "info,router::access=off");
        command.args(["router", "--domain", "localhost", "--internal-socket"]).arg(plane.socket());
        for (option, file) in [
            ("credential-file", "credential"),
            ("api-socket", "api.sock"),
            ("table-file", "table"),
            ("table-key-file", "router.key"),
            ("control-socket", "control.sock"),
        ] {
            command.arg(format!("--{option}")).arg(folder.join(file));
        }
        let log = File::create(folder.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.fd_mappings(vec![FdMapping { parent_fd: OwnedFd::from(socket), child_fd: 3 }])?;
        let router = Self { process: command.spawn()?, port };
        wait::until("the router follows", START, || Ok((plane.acknowledged() >= version).then_some(())))?;
        Ok(router)
    }

    /// Asks it to stop.
    pub fn terminate(&self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.process), Signal::TERM)?)
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.process.wait()?)
    }

    /// Fails unless it still runs.
    pub fn runs(&mut self) -> Result<()> {
        let ended = self.process.try_wait()?;
        ensure!(ended.is_none(), "the router has ended: {ended:?}");
        Ok(())
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // One that has ended already is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
