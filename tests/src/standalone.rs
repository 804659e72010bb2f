//! A whole platform of its own on this machine: `slipway standalone` with its folders, port, users and containers apart
//! from whatever else runs here. It leaves nothing behind.

use std::{
    ffi::OsStr,
    fs::{self, File, Permissions},
    io::{self, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{program, slot, user::Said, wait};

/// How long a platform may take to serve: it makes users and a database first.
const START: Duration = Duration::from_secs(90);

/// Where `scripts/test` keeps the stack image.
const STACKS: &str = "/var/cache/slipway-test/stacks";

/// A running platform.
pub struct Standalone {
    place: Place,
    supervisor: Child,
}

/// What a platform stands on, where a test wants it otherwise.
#[derive(Debug, Default)]
pub struct Ground {
    /// The engine's socket.
    pub engine: Option<PathBuf>,
    /// The folder of what must outlive a reboot.
    pub data: Option<PathBuf>,
    /// With the stack image that `scripts/test` has made: what buildpacks and most Dockerfiles of tests begin with.
    pub stack: bool,
    /// The mount namespace in which it runs, where the machine looks otherwise.
    pub within: Option<PathBuf>,
    /// It speaks TLS, too.
    pub https: bool,
    /// Further words for `slipway standalone`.
    pub options: Vec<&'static str>,
}

/// Where an installation is.
struct Place {
    folder: TempDir,
    port: u16,
    ssh_port: u16,
    registry_port: u16,
    https_port: u16,
    ground: Ground,
}

impl Standalone {
    /// Starts one and waits until it serves.
    pub fn start() -> Result<Self> {
        Self::start_on(Ground::default())
    }

    /// Starts one on other ground.
    pub fn start_on(ground: Ground) -> Result<Self> {
        let place = Place::new(ground)?;
        if place.ground.stack {
            place.lend_stack()?;
        }
        let supervisor = place.supervise()?;
        let platform = Self { place, supervisor };
        platform.ready()?;
        Ok(platform)
    }

    /// Waits until every part serves.
    pub fn ready(&self) -> Result<()> {
        let ready = || Ok((self.status()?["ready"] == Value::Bool(true)).then_some(()));
        wait::until("the platform serves", START, ready).with_context(|| self.journal())
    }

    /// Where people find the API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://slipway.localhost:{}", self.place.port)
    }

    /// Where people find an app.
    #[must_use]
    pub fn app_url(&self, app: &str) -> String {
        format!("http://{app}.localhost:{}", self.place.port)
    }

    /// The port on which the router listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.place.port
    }

    /// The port on which the builder listens.
    #[must_use]
    pub fn ssh_port(&self) -> u16 {
        self.place.ssh_port
    }

    /// The port on which it speaks TLS, if it does.
    #[must_use]
    pub fn https_port(&self) -> Option<u16> {
        self.place.ground.https.then_some(self.place.https_port)
    }

    /// The port on which the private registry listens.
    #[must_use]
    pub fn registry_port(&self) -> u16 {
        self.place.registry_port
    }

    /// A file or folder of the installation.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path(name)
    }

    /// What the private database answers to a statement.
    pub fn sql(&self, statement: &str) -> Result<String> {
        let mut psql = self.database_program("psql");
        Ok(program::output(psql.args(["-qAtX", "-c", statement]))?.trim().to_owned())
    }

    /// A program of PostgreSQL's that is about the private database and runs as its one user.
    #[must_use]
    pub fn database_program(&self, name: &str) -> Command {
        let user = format!("e2e-{}-controller", self.place.port);
        let mut program = Command::new("setpriv");
        program.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups", name]);
        let socket = self.path("run/postgres");
        program.args(["-d", &format!("host={} user=slipway dbname=slipway", socket.display())]);
        program
    }

    /// The version that each part of ours runs, the supervisor's first.
    pub fn versions(&self) -> Result<Vec<String>> {
        let status = self.status()?;
        let parts = status["parts"].as_array().into_iter().flatten().map(|part| &part["version"]);
        let versions = [&status["version"]].into_iter().chain(parts);
        Ok(versions.filter_map(|version| version.as_str().map(str::to_owned)).collect())
    }

    /// What `slipway status --json` says; `null` when no supervisor runs.
    pub fn status(&self) -> Result<Value> {
        let output = self.place.slipway("status").arg("--json").output()?;
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// The process of a part.
    pub fn pid(&self, part: &str) -> Result<Pid> {
        let status = self.status()?;
        let mut parts = status["parts"].as_array().into_iter().flatten();
        let part = parts.find(|entry| entry["part"] == part).with_context(|| format!("no {part} in {status}"))?;
        let pid = part["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        pid.with_context(|| format!("it does not run: {part}"))
    }

    /// SIGKILL for a part; the supervisor starts it again.
    pub fn kill(&self, part: &str) -> Result<()> {
        Ok(kill_process(self.pid(part)?, Signal::KILL)?)
    }

    /// SIGKILL for the supervisor, and a new one.
    pub fn replace_supervisor(&mut self) -> Result<()> {
        self.kill_supervisor()?;
        self.supervise()?;
        self.ready()
    }

    /// An orderly stop, and a new start.
    pub fn stop_and_start(&mut self) -> Result<()> {
        program::output(&mut self.place.slipway("stop"))?;
        self.supervisor.wait()?;
        self.supervisor = self.place.supervise()?;
        self.ready()
    }

    /// SIGKILL for the supervisor.
    pub fn kill_supervisor(&mut self) -> Result<()> {
        self.supervisor.kill()?;
        self.supervisor.wait()?;
        Ok(())
    }

    /// As if the machine had lost its power: nothing runs any more, and what lay in memory is gone.
    pub fn lose_power(&mut self) -> Result<()> {
        let status = self.status()?;
        self.kill_supervisor()?;
        let parts = status["parts"].as_array().into_iter().flatten();
        let parts = parts.filter_map(|part| Pid::from_raw(part["pid"].as_i64()?.try_into().ok()?)).collect::<Vec<_>>();
        let all = parts.iter().flat_map(|part| children(*part)).chain(parts.iter().copied()).collect::<Vec<_>>();
        for pid in &all {
            let _ended = kill_process(*pid, Signal::KILL);
        }
        let gone = || Ok(all.iter().all(|pid| fs::read_link(format!("/proc/{pid}/exe")).is_err()).then_some(()));
        wait::until("everything that ran has ended", START, gone)?;
        Ok(fs::remove_dir_all(self.path("run"))?)
    }

    /// Starts a supervisor, and does not wait for what it starts.
    pub fn supervise(&mut self) -> Result<()> {
        self.supervisor = self.place.supervise()?;
        Ok(())
    }

    /// An orderly restart of a part.
    pub fn restart(&self, part: &str) -> Result<()> {
        program::output(self.place.slipway("restart").arg(part)).map(drop)
    }

    /// `slipway` with these words for this installation, whatever comes of it.
    pub fn slipway(&self, words: &[&str]) -> Result<Said> {
        Ok(Said::from(self.begin(words)?.wait_with_output()?))
    }

    /// The same, begun and not waited for.
    pub fn begin(&self, words: &[&str]) -> Result<Child> {
        let mut command = self.place.slipway(words.first().context("no words")?);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command.spawn()?)
    }

    /// As if the machine had burnt down: everything goes, and whatever comes next begins in new folders. Only the ports are
    /// the same.
    pub fn burn(&mut self) -> Result<()> {
        self.purge()?;
        self.place.folder = folder()?;
        Ok(())
    }

    /// Starts what `slipway restore` has put there.
    pub fn rise(&mut self) -> Result<()> {
        if self.place.ground.stack {
            self.place.lend_stack()?;
        }
        self.supervisor = self.place.supervise()?;
        self.ready()
    }

    /// The end of what everything wrote about itself, for whoever has to find out why a test failed.
    #[must_use]
    pub fn journal(&self) -> String {
        let journals = fs::read_dir(self.path("data/journals")).into_iter().flatten().flatten().map(|file| file.path());
        journals.chain([self.path("supervisor.log")]).map(|path| tail(&path)).collect()
    }

    /// `slipway stack` with these words; answers what it prints.
    pub fn stack(&self, words: &[&str]) -> Result<String> {
        program::output(self.place.slipway("stack").args(words))
    }

    /// Removes everything, apps and users included.
    fn purge(&mut self) -> Result<()> {
        program::output(self.place.slipway("purge").arg("--yes").args(self.place.engine()))?;
        wait::until("the supervisor ends", START, || Ok(self.supervisor.try_wait()?.map(drop)))
    }
}

impl Drop for Standalone {
    fn drop(&mut self) {
        let journal = thread::panicking().then(|| self.journal());
        let purged = self.purge();
        for trouble in journal.into_iter().chain(purged.err().map(|error| format!("{error:#}"))) {
            // All that can be done about what goes wrong here.
            let _ = writeln!(io::stderr(), "{trouble}");
        }
    }
}

impl Place {
    fn new(ground: Ground) -> Result<Self> {
        let folder = folder()?;
        // Held together, so that each is another.
        let held = [bind()?, bind()?, bind()?, bind()?];
        let port = |index: usize| port_of(&held[index]);
        let (port, ssh_port, registry_port, https_port) = (port(0)?, port(1)?, port(2)?, port(3)?);
        Ok(Self { folder, port, ssh_port, registry_port, https_port, ground })
    }

    fn path(&self, name: &str) -> PathBuf {
        match (&self.ground.data, Path::new(name).strip_prefix("data")) {
            (Some(data), Ok(rest)) => data.join(rest),
            _ => self.folder.path().join(name),
        }
    }

    /// Gives it the stack image of all tests. Nobody writes to it, so that its files can be in two places.
    fn lend_stack(&self) -> Result<()> {
        let data = self.path("data");
        fs::create_dir_all(&data)?;
        // On another file system there is no second name for a file, but a copy.
        let how = if self.ground.data.is_some() { "-a" } else { "-al" };
        let copied = program::output(Command::new("cp").args([how, "--", STACKS]).arg(data.join("stacks")));
        copied.map(drop).context("`scripts/test` makes the stack image")
    }

    /// `slipway <subcommand>` for this installation. The port, which nobody else has, is in the name that begins those of system
    /// users and firewall chains.
    fn slipway(&self, subcommand: &str) -> Command {
        let mut command = match &self.ground.within {
            Some(namespace) => {
                let mut command = Command::new("/usr/bin/nsenter");
                command.arg(format!("--mount={}", namespace.display())).arg("--").arg(self.path("slipway"));
                command
            }
            None => Command::new(self.path("slipway")),
        };
        // Nothing of the test runner's surroundings, where a database for other tests is named.
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.args([subcommand, "--name", &format!("e2e-{}", self.port)]);
        for root in ["config", "data", "run"] {
            command.arg(format!("--{root}-dir")).arg(self.path(root));
        }
        command
    }

    /// Which engine, for those who are not to take the machine's own.
    fn engine(&self) -> impl Iterator<Item = &OsStr> {
        self.ground.engine.iter().flat_map(|socket| ["--docker-socket".as_ref(), socket.as_os_str()])
    }

    fn supervise(&self) -> Result<Child> {
        let log = File::options().create(true).append(true).open(self.path("supervisor.log"))?;
        let mut command = self.slipway("standalone");
        for (what, port) in [("http", self.port), ("ssh", self.ssh_port), ("registry", self.registry_port)] {
            command.arg(format!("--{what}-listen")).arg(format!("127.0.0.1:{port}"));
        }
        if self.ground.https {
            command.arg(format!("--https-listen=127.0.0.1:{}", self.https_port));
        }
        command.arg("--registry-bin").arg(self.path("docker-registry"));
        // Another test's installation starts in the same moment, and would choose the same one; engines apart from the
        // machine's do not know of each other's networks.
        command.arg(format!("--network-pool=10.{}.0.0/14", 252 - 4 * slot()));
        command.args(self.engine());
        command.args(&self.ground.options);
        Ok(command.stdout(log.try_clone()?).stderr(log).spawn()?)
    }
}

/// The processes that this one has started and that still run.
fn children(pid: Pid) -> Vec<Pid> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

/// An empty folder for an installation, with the programs that it runs.
fn folder() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("slipway-e2e.").tempdir_in("/tmp")?;
    // The parts run as users of their own, who have to pass through.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    // The build folder may be closed to them.
    fs::copy(program::ours("slipway")?, folder.path().join("slipway"))?;
    // So may be the one of the registry's program.
    fs::copy(program::of_the_machine("docker-registry")?, folder.path().join("docker-registry"))?;
    Ok(folder)
}

/// A free port. Not one that the kernel gives away: until it is listened on, a connection of anybody might get it.
fn bind() -> Result<TcpListener> {
    let port = || TcpListener::bind(("127.0.0.1", rand::random_range(20_000..32_000)));
    (0..100).find_map(|_| port().ok()).context("no port is free")
}

fn port_of(listener: &TcpListener) -> Result<u16> {
    Ok(listener.local_addr()?.port())
}

fn tail(path: &Path) -> String {
    let content = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = content.lines().collect();
    format!("--- {}\n{}\n", path.display(), lines[lines.len().saturating_sub(40)..].join("\n"))
}
