//! One sandbox: made by `runc`, told its job on standard input, followed to its end, and gone afterwards.

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use builder::build::Job;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::pipe::Receiver,
    process::{Child, Command},
};
use uuid::Uuid;

use super::{
    super::settings::Settings,
    log::Log,
    spec::{self, Bind},
    watch::{EVERY, Stop, Watch},
};

/// Makes an image.
pub const BUILD: &str = "build";
/// Pushes it.
pub const PUSH: &str = "push";
/// Pushes the stack image.
pub const SEED: &str = "seed";
/// Makes a stack image.
pub const STACK: &str = "stack";
/// Every kind of sandbox.
pub const KINDS: [&str; 4] = [BUILD, PUSH, SEED, STACK];
/// How long `runc` may take to begin and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a sandbox ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Exit(Option<i32>),
    /// By itself, after the kernel had ended some of it for want of memory.
    OutOfMemory,
    /// It was ended.
    Stopped(Stop),
}

/// The name of a build's sandbox.
pub fn name(kind: &str, build: Uuid) -> String {
    format!("{kind}-{}", build.simple())
}

/// The very program that runs here, which an upgrade may have given another name since this build began.
fn program(settings: &Settings) -> PathBuf {
    let own = std::env::current_exe().ok().filter(|program| program.exists());
    own.unwrap_or_else(|| settings.program.clone())
}

/// A sandbox to be.
pub struct Sandbox<'a> {
    name: String,
    settings: &'a Settings,
    scratch: &'a Path,
    binds: Vec<Bind>,
}

impl<'a> Sandbox<'a> {
    /// A sandbox over the root in `scratch`.
    pub fn new(kind: &str, build: Uuid, settings: &'a Settings, scratch: &'a Path) -> Self {
        let sandbox = Self { name: name(kind, build), settings, scratch, binds: Vec::new() };
        sandbox
            .bind(Path::new("/usr"), "/usr", false)
            .bind(Path::new("/etc/ssl"), "/etc/ssl", false)
            .bind(&program(settings), "/slipway", false)
            .bind(&scratch.join("work"), "/work", true)
    }

    /// Shows something of the machine in it.
    pub fn bind(mut self, source: &Path, target: &'static str, writable: bool) -> Self {
        self.binds.push(Bind { source: source.to_owned(), target, writable });
        self
    }

    /// Runs it to its end. `connect` gives it its network; it waits for its job until then.
    pub async fn run<T>(
        &self,
        job: &Job,
        connect: impl AsyncFnOnce(u32) -> Result<T>,
        log: &mut Log,
        mut watch: Watch,
    ) -> Result<Ending> {
        let (mut child, mut output) = self.start()?;
        let begun = async {
            let pid = self.pid(&mut child).await?;
            let kept = connect(pid).await.context("cannot connect the build")?;
            let mut stdin = child.stdin.take().context("the sandbox has no input")?;
            stdin.write_all(&serde_json::to_vec(job)?).await.context("the sandbox did not take its job")?;
            anyhow::Ok(kept)
        };
        let result = match begun.await {
            Ok(_kept) => self.follow(&mut child, &mut output, log, &mut watch).await,
            Err(error) => {
                self.drain(&mut output, log).await?;
                Err(error)
            }
        };
        self.remove().await?;
        result
    }

    fn start(&self) -> Result<(Child, Receiver)> {
        let bundle = self.scratch;
        // `runc` takes no root behind a link, as where the data folder was moved to another disk.
        let root = bundle.join("root").canonicalize()?;
        let spec = spec::spec(&self.name, &root, &self.binds, &self.settings.limits)?;
        std::fs::write(bundle.join("config.json"), serde_json::to_vec(&spec)?)?;
        let (reader, writer) = std::io::pipe()?;
        let mut command = self.runc();
        command.args(["run", "--bundle"]).arg(bundle).arg("--pid-file").arg(self.pid_file()).args(["--", &self.name]);
        command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
        let child = command.spawn().context("cannot run runc; is its package installed?")?;
        Ok((child, Receiver::from_owned_fd(OwnedFd::from(reader))?))
    }

    fn runc(&self) -> Command {
        let mut command = Command::new("runc");
        command.arg("--root").arg(self.settings.runc());
        command
    }

    fn pid_file(&self) -> PathBuf {
        self.scratch.join(format!("{}.pid", self.name))
    }

    /// Waits until the sandbox stands.
    async fn pid(&self, child: &mut Child) -> Result<u32> {
        let stands = async {
            loop {
                if let Ok(text) = std::fs::read_to_string(self.pid_file())
                    && let Ok(pid) = text.trim().parse()
                {
                    return Ok(pid);
                }
                if child.try_wait()?.is_some() {
                    bail!("the sandbox could not be made");
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, stands).await.context("the sandbox does not begin")?
    }

    async fn follow(
        &self,
        child: &mut Child,
        output: &mut Receiver,
        log: &mut Log,
        watch: &mut Watch,
    ) -> Result<Ending> {
        let mut buffer = vec![0; 64 * 1024];
        let mut ticks = tokio::time::interval(EVERY);
        let (mut stop, mut starved, mut open) = (None, false, true);
        let status = loop {
            tokio::select! {
                // First the clock: an endless log must not keep it from being heard.
                biased;
                _ = ticks.tick(), if stop.is_none() => {
                    starved |= self.is_starved();
                    stop = watch.look().await?;
                    if stop.is_some() {
                        self.remove().await?;
                    }
                }
                status = child.wait() => break status?,
                count = output.read(&mut buffer), if open => match count? {
                    0 => open = false,
                    count => {
                        log.take(&buffer[..count])?;
                        // It may be the last word of a sandbox whose group is gone with it.
                        starved |= self.is_starved();
                    }
                },
            }
        };
        self.drain(output, log).await?;
        Ok(match (stop, status.code()) {
            (Some(stop), _) => Ending::Stopped(stop),
            (None, Some(0)) => Ending::Exit(Some(0)),
            (None, _) if starved => Ending::OutOfMemory,
            (None, code) => Ending::Exit(code),
        })
    }

    /// What was written before the end. Nobody writes any more, but a pipe that somebody holds would never end.
    async fn drain(&self, output: &mut Receiver, log: &mut Log) -> Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        let rest = async {
            while let count @ 1.. = output.read(&mut buffer).await? {
                log.take(&buffer[..count])?;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_secs(2), rest).await.unwrap_or(Ok(()))
    }

    /// The kernel has ended a process of the sandbox for want of memory.
    fn is_starved(&self) -> bool {
        let group = spec::cgroup(&self.name);
        let files = [
            format!("/sys/fs/cgroup/memory{group}/memory.oom_control"),
            format!("/sys/fs/cgroup{group}/memory.events"),
        ];
        let text = files.iter().find_map(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count.is_some_and(|count| count.trim() != "0")
    }

    /// Ends and removes it, whatever it is.
    async fn remove(&self) -> Result<()> {
        let output =
            self.runc().args(["delete", "--force", "--", &self.name]).output().await.context("cannot run runc")?;
        if !output.status.success() && self.settings.runc().join(&self.name).exists() {
            bail!("the sandbox does not end: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }
}
