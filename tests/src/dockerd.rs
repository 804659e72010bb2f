//! An engine of a test's own, which it may kill: a real `dockerd` with folders apart from the machine's.

use std::{
    collections::HashSet,
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::Path,
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
    live_restore: bool,
}

impl Dockerd {
    /// Starts one, which leaves the rules of the machine's firewall alone: they are the other engine's.
    pub fn start() -> Result<Self> {
        Self::start_as(true)
    }

    /// The same, whose containers end when it ends, and are started again by it.
    pub fn without_live_restore() -> Result<Self> {
        Self::start_as(false)
    }

    fn start_as(live_restore: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("slipway-dockerd.").tempdir_in("/tmp")?;
        // Users of the platform have to get at the socket.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let child = spawn(&folder, live_restore)?;
        let engine = Self { folder, child, live_restore };
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
        // One that ended in order has removed it itself.
        let pid = self.folder.path().join("docker.pid");
        if pid.exists() {
            fs::remove_file(pid)?;
        }
        self.forget_containerd()?;
        self.child = spawn(&self.folder, self.live_restore)?;
        self.answers()
    }

    /// The engine waits for ever for one that it had and that ended with it, when nobody has taken note of that end.
    fn forget_containerd(&self) -> Result<()> {
        let file = self.folder.path().join("exec/containerd/containerd.pid");
        let Ok(pid) = fs::read_to_string(&file) else { return Ok(()) };
        let ended = || Ok(fs::read_link(format!("/proc/{}/exe", pid.trim())).is_err().then_some(()));
        if self.live_restore && ended()?.is_none() {
            return Ok(());
        }
        wait::until("containerd ends with its engine", START, ended)?;
        Ok(fs::remove_file(&file)?)
    }

    /// An orderly end, as before its upgrade.
    pub fn end(&mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }

    /// As if the machine had lost its power: the engine, every container and what keeps them, the interfaces of its networks
    /// and all that lies in memory are gone at once.
    pub fn lose_power(&mut self) -> Result<()> {
        let running = self.listed(&["ps", "--quiet"], &["inspect", "--format", "{{.State.Pid}}"])?;
        let option = r#"{{index .Options "com.docker.network.bridge.name"}}"#;
        let bridges = self.listed(
            &["network", "ls", "--quiet", "--filter", "driver=bridge"],
            &["network", "inspect", "--format", option],
        )?;
        self.kill()?;
        let own = self.folder.path().join("exec").display().to_string();
        let keepers = processes(|line| line.contains(&own))?;
        let containers = running.iter().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        let all: Vec<Pid> = keepers.into_iter().chain(containers).collect();
        for pid in &all {
            let _ended = kill_process(*pid, Signal::KILL);
        }
        let gone = || Ok(all.iter().all(|pid| !Path::new(&format!("/proc/{pid}/exe")).exists()).then_some(()));
        wait::until("everything that ran has ended", START, gone)?;
        for bridge in bridges.iter().filter(|bridge| !bridge.is_empty()) {
            program::output(Command::new("ip").args(["link", "delete", bridge]))?;
        }
        // What was mounted for containers and their networks, the last first.
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        let folder = self.folder.path().display().to_string();
        for place in mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)) {
            if place.starts_with(&folder) {
                program::output(Command::new("umount").args(["--", place]))?;
            }
        }
        for name in ["exec", "docker.sock"] {
            let path = self.folder.path().join(name);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| path.display().to_string())?;
        }
        Ok(())
    }

    /// `docker` with these words, on this engine.
    #[must_use]
    pub fn docker(&self, words: &[&str]) -> Command {
        let mut docker = Command::new("docker");
        docker.arg("--host").arg(format!("unix://{}", self.socket().display())).args(words);
        docker
    }

    /// A line each for what is listed.
    fn listed(&self, list: &[&str], inspect: &[&str]) -> Result<HashSet<String>> {
        let listed = program::output(&mut self.docker(list))?;
        if listed.trim().is_empty() {
            return Ok(HashSet::new());
        }
        let lines = program::output(self.docker(inspect).args(listed.split_whitespace()))?;
        Ok(lines.lines().map(|line| line.trim().to_owned()).collect())
    }

    fn answers(&self) -> Result<()> {
        let socket = self.socket();
        let ping = || {
            // A socket that nobody listens on is an answer, too: not yet.
            let answered = UnixStream::connect(&socket).is_ok() && self.docker(&["version"]).output()?.status.success();
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

/// Processes whose command line is so.
fn processes(wanted: impl Fn(&str) -> bool) -> Result<Vec<Pid>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let pid = path.file_name().and_then(|name| name.to_str()?.parse().ok()).and_then(Pid::from_raw);
        // One that ends meanwhile has none.
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        found.extend(pid.filter(|_| wanted(&String::from_utf8_lossy(&line))));
    }
    Ok(found)
}

fn spawn(folder: &TempDir, live_restore: bool) -> Result<Child> {
    let path = |name: &str| folder.path().join(name);
    let log = File::options().create(true).append(true).open(path("log"))?;
    let mut command = Command::new("dockerd");
    command.arg("--host").arg(format!("unix://{}", path("docker.sock").display()));
    for (option, name) in [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "docker.pid")] {
        command.arg(option).arg(path(name));
    }
    command.args(["--bridge=none", "--iptables=false", "--ip6tables=false"]);
    command.arg(format!("--live-restore={live_restore}"));
    Ok(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?)
}
