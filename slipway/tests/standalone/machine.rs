//! An installation of its own for a test: name, users, folders and port are nobody else's, and all of it is removed.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);
/// Time between two looks at a condition.
const PERIOD: Duration = Duration::from_millis(20);

/// An installation of its own.
pub struct Machine {
    dir: TempDir,
    name: String,
    /// Where its router listens.
    pub address: SocketAddr,
    /// Where its builder listens.
    pub ssh: SocketAddr,
    /// Where its registry listens.
    pub registry: SocketAddr,
}

impl Machine {
    /// Prepares one; nothing runs yet.
    pub fn new() -> Self {
        // Not below the target folder, which may lie in a home that the parts' users cannot enter; and the path of a
        // socket must be short.
        let dir = tempfile::Builder::new().prefix("slipway-").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        // Held together, so that each is another.
        let ports = [(); 3].map(|()| free_port());
        let [address, ssh, registry] = ports.each_ref().map(|port| port.local_addr().unwrap());
        let name = format!("swt-{:x}-{:x}", std::process::id(), address.port());
        let machine = Self { dir, name, address, ssh, registry };
        machine.install_again();
        install(&program("docker-registry"), &machine.path("docker-registry"));
        machine
    }

    /// Puts the program in place, as an installation of a new version does.
    pub fn install_again(&self) {
        install(Path::new(env!("CARGO_BIN_EXE_slipway")), &self.path("slipway"));
    }

    /// `slipway <arguments>` for this installation.
    pub fn slipway(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.dir.path().join("slipway"));
        command
            .args(arguments)
            .env("SLIPWAY_NAME", &self.name)
            .env("SLIPWAY_CONFIG_DIR", self.path("etc"))
            .env("SLIPWAY_DATA_DIR", self.path("data"))
            .env("SLIPWAY_RUN_DIR", self.path("run"))
            .env("SLIPWAY_HTTP_LISTEN", self.address.to_string())
            .env("SLIPWAY_SSH_LISTEN", self.ssh.to_string())
            .env("SLIPWAY_REGISTRY_LISTEN", self.registry.to_string())
            .env("SLIPWAY_REGISTRY_BIN", self.path("docker-registry"))
            // The rules of one machine cannot be those of several installations; they have a test of their own.
            .env("SLIPWAY_FIREWALL", "off")
            .env_remove("DATABASE_URL");
        command
    }

    /// What `slipway <arguments>` says, run to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.slipway(arguments).output().unwrap()
    }

    /// Starts a supervisor and waits until everything serves.
    pub fn start(&self) -> Child {
        self.start_with(&[])
    }

    /// The same, with more in its environment.
    pub fn start_with(&self, environment: &[(&str, &str)]) -> Child {
        let log = std::fs::File::options().append(true).create(true).open(self.path("supervisor.log")).unwrap();
        let mut command = self.slipway(&["standalone"]);
        command.envs(environment.iter().copied());
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        self.wait_until("everything serves", || {
            let status = self.status();
            status["supervisor"].as_u64() == Some(u64::from(child.id())) && status["ready"] == true
        });
        child
    }

    /// What `slipway status --json` says.
    pub fn status(&self) -> Value {
        serde_json::from_slice(&self.run(&["status", "--json"]).stdout).unwrap_or_default()
    }

    /// The pid of a part; 0 when it does not run.
    pub fn pid(&self, part: &str) -> u32 {
        let status = self.status();
        let parts = status["parts"].as_array().cloned().unwrap_or_default();
        let pid = parts.iter().find(|found| found["part"] == part).and_then(|found| found["pid"].as_u64());
        pid.unwrap_or_default().try_into().unwrap()
    }

    /// Below the installation's folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Name of the user that runs a part.
    pub fn user(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }

    /// Waits for a condition; shows what the parts said when it does not come.
    pub fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition() {
            assert!(Instant::now() < deadline, "waited in vain until {what}\n{}\n{}", self.status(), self.journals());
            std::thread::park_timeout(PERIOD);
        }
    }

    /// What troubled the parts.
    pub fn troubles(&self) -> String {
        self.journals().lines().filter(|line| !line.contains(r#""level":"INFO""#)).collect::<Vec<_>>().join("\n")
    }

    /// What the parts said.
    pub fn journals(&self) -> String {
        let parts = ["registry", "controller", "builder", "router"].map(|part| format!("data/journals/{part}.log"));
        let journals = std::iter::once("supervisor.log".to_owned()).chain(parts);
        journals
            .map(|name| std::fs::read_to_string(self.path(&name)).unwrap_or_default())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let purged = self.run(&["purge", "--yes"]);
        let fine = purged.status.success() || std::thread::panicking();
        assert!(fine, "purge failed: {}", String::from_utf8_lossy(&purged.stderr));
    }
}

/// A program of this machine.
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("{name} is not on the PATH; `scripts/test` installs what the tests need"))
}

/// By another process: what this one has open for writing, a child of another test might still have, too.
fn install(program: &Path, to: &Path) {
    assert!(Command::new("install").arg(program).arg(to).status().unwrap().success());
}

/// What an SSH server says first.
pub fn ssh_greeting(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut greeting = [0; 8];
    stream.read_exact(&mut greeting)?;
    Ok(String::from_utf8_lossy(&greeting).into_owned())
}

/// Asks the API through the router and answers the status of the answer.
pub fn ask_api(address: SocketAddr) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /v2/ HTTP/1.1\r\nHost: slipway.localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "no answer came"))
}

/// Kills a process without warning.
pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// What the kernel says of a process, by the name of the line.
pub fn proc_status(pid: u32, line: &str) -> String {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap();
    let value = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'));
    value.unwrap_or_default().trim().to_owned()
}

/// Not one that the kernel gives away: until it is listened on, a connection of anybody might get it.
fn free_port() -> TcpListener {
    loop {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", rand::random_range(20_000..32_000))) {
            return listener;
        }
    }
}
