//! How the program `git` is run: with no settings but ours, in a process group of its own, within limits.

use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::process::{Child, Command};

use super::Repositories;
use crate::config::Limits;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// `git` with these settings (`name=value`), and no others: not the system's, not a user's, not the caller's environment.
fn isolated(home: &Path, settings: &[String]) -> Command {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", PATH).env("HOME", home).env("LC_ALL", "C.UTF-8").current_dir("/");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_ATTR_NOSYSTEM", "1");
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_REPLACE_OBJECTS", "1");
    for setting in settings {
        command.arg("-c").arg(setting);
    }
    command
}

/// A `git` that runs. Dropped, it goes on.
pub(crate) struct Program {
    child: Child,
    pid: Option<Pid>,
}

impl Program {
    /// Starts it, all three streams piped.
    pub fn start(mut command: Command, limits: &Limits) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let program = Self { child, pid };
        // It waits for its input, so that this is in time for everything that costs.
        if let Err(error) = program.limit(limits) {
            program.kill();
            return Err(error);
        }
        Ok(program)
    }

    /// Its streams, once.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends it with all that it has started.
    pub fn kill(&self) {
        // What has ended and was waited for is no more in `id`, so that no other process can be meant.
        if let (Some(pid), Some(_)) = (self.pid, self.child.id())
            && let Err(error) = kill_process_group(pid, Signal::KILL)
        {
            tracing::warn!(%error, "cannot end a git that is not wanted any more");
        }
    }

    fn limit(&self, limits: &Limits) -> io::Result<()> {
        let most = [
            (Resource::Data, limits.memory),
            (Resource::Cpu, limits.cpu_secs),
            (Resource::Fsize, limits.push_bytes.saturating_mul(4)),
            (Resource::Nofile, 1024),
            (Resource::Core, 0),
        ];
        for (resource, most) in most {
            prlimit(self.pid, resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        Ok(())
    }
}

impl Repositories {
    /// `git` for our repositories.
    pub(super) fn git(&self) -> Command {
        isolated(&self.home(), &self.settings())
    }

    fn settings(&self) -> Vec<String> {
        let fixed = [
            "core.attributesFile=/dev/null",
            "core.bigFileThreshold=16m",
            "core.deltaBaseCacheLimit=64m",
            "core.fsync=committed",
            "core.packedGitLimit=256m",
            "gc.auto=0",
            "maintenance.auto=false",
            "pack.deltaCacheSize=64m",
            "pack.threads=1",
            "pack.windowMemory=64m",
            "receive.advertisePushOptions=false",
            "receive.autogc=false",
            "receive.denyDeletes=true",
            "receive.denyNonFastForwards=false",
            "receive.fsckObjects=true",
            "receive.unpackLimit=1",
            "transfer.fsckObjects=true",
            "uploadpack.allowFilter=false",
        ];
        let ours = [
            format!("core.hooksPath={}", self.hooks().display()),
            format!("receive.maxInputSize={}", self.limits.push_bytes),
            // They belong to this user; a folder that somebody else made for us is still ours.
            format!("safe.directory={}/*", self.root.display()),
        ];
        fixed.map(str::to_owned).into_iter().chain(ours).collect()
    }
}
