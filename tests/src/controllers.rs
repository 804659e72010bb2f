//! Several controllers on one database, as real processes: what is left of a platform when only they are of interest.

use std::{
    fs::{self, File},
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{engine, program, wait};

/// How long a controller may take to serve.
const START: Duration = Duration::from_secs(30);
/// Who writes to the database.
const WITNESS: &str = include_str!("../witness.sql");

/// A database of its own in the server that `scripts/test` starts; gone when this is dropped.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// An empty one.
    pub fn create() -> Result<Self> {
        let server = std::env::var("DATABASE_URL").context("`scripts/test` starts the database")?;
        let database = Self { server, name: format!("controllers_{}", Uuid::now_v7().simple()) };
        psql(&database.server, &format!("create database {}", database.name))?;
        Ok(database)
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        let (place, options) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let server = place.rsplit_once('/').map_or(place, |(server, _)| server);
        format!("{server}/{}?{options}", self.name)
    }

    /// What a statement answers, without decoration.
    pub fn ask(&self, statement: &str) -> Result<String> {
        psql(&self.url(), statement)
    }

    /// From now on it is taken down who writes what is not theirs.
    pub fn call_witness(&self) -> Result<()> {
        self.ask(WITNESS).map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that is thrown away with it has nothing to clean.
        let _ = psql(&self.server, &format!("drop database if exists {} with (force)", self.name));
    }
}

fn psql(url: &str, statement: &str) -> Result<String> {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]);
    Ok(program::output(&mut command)?.trim_end().to_owned())
}

/// A machine with a controller.
pub struct Controller {
    folder: PathBuf,
    process: Child,
    /// As leases know it.
    pub uuid: String,
}

impl Controller {
    /// Starts one in `folder`, and waits until it serves. Networks of apps are cut from `pool`.
    pub fn start(database: &Database, key: &Path, folder: &Path, pool: &str) -> Result<Self> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("components"), "")?;
        fs::write(folder.join("bootstrap"), "00".repeat(32))?;
        let log = folder.join(format!("log.{}", Uuid::now_v7().simple()));
        let sockets = ["api", "internal"].map(|name| listen(&folder.join(format!("{name}.sock"))));
        let mut command = Command::new(program::ours("slipway")?);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("DATABASE_URL", database.url());
        command.env("LISTEN_FDS", "2").env("LISTEN_FDNAMES", "api:internal").env("RUST_LOG", "info");
        command.arg("controller").arg("--key-file").arg(key);
        for (option, file) in
            [("components-file", "components"), ("bootstrap-token-hash-file", "bootstrap"), ("logs-dir", "logs")]
        {
            command.arg(format!("--{option}")).arg(folder.join(file));
        }
        command.args(["--domain", "localhost", "--registration-mode", "admin_only", "--network-pool", pool]);
        command.args(["--docker-socket", engine::SOCKET]);
        let file = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let mappings = (3..).zip(sockets).map(|(child_fd, socket)| Ok(FdMapping { parent_fd: socket?, child_fd }));
        command.fd_mappings(mappings.collect::<Result<_>>()?)?;
        let process = command.spawn()?;
        let uuid = wait::until("the controller serves", START, || Ok(process_in(&fs::read_to_string(&log)?)))
            .with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
        Ok(Self { folder: folder.to_owned(), process, uuid })
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.process), signal)?)
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<()> {
        self.process.wait()?;
        Ok(())
    }

    /// A request, by `curl` and as whoever has `token`; with which the first administrator needs none.
    #[must_use]
    pub fn curl(&self, token: Option<&str>, asked: (&str, &str, &Value)) -> Command {
        let (method, path, body) = asked;
        let mut command = Command::new("curl");
        command.args(["-sS", "-X", method, "--max-time", "120", "-w", "\n%{http_code}", "--unix-socket"]);
        command.arg(self.folder.join("api.sock")).args(["-H", "Content-Type: application/json"]);
        match token {
            Some(token) => command.arg("-H").arg(format!("Authorization: token {token}")),
            None => command.args(["-H", "X-Slipway-Local: 1"]),
        };
        command.args(["-d", &body.to_string(), "--url"]).arg(format!("http://slipway.localhost{path}"));
        command
    }

    /// What a request answers, which has to be a success.
    pub fn ask(&self, token: Option<&str>, asked: (&str, &str, &Value)) -> Result<Value> {
        answer(&program::output(&mut self.curl(token, asked))?)
    }
}

/// What `curl` printed, as an answer.
pub fn answer(printed: &str) -> Result<Value> {
    let (body, status) = printed.rsplit_once('\n').unwrap_or((printed, ""));
    if !status.starts_with('2') {
        bail!("{status} {body}");
    }
    Ok(serde_json::from_str(body).unwrap_or_default())
}

impl Drop for Controller {
    fn drop(&mut self) {
        // One that has ended already is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn listen(path: &Path) -> Result<OwnedFd> {
    // Left by the one before.
    let _ = fs::remove_file(path);
    Ok(UnixListener::bind(path)?.into())
}

/// The uuid that a controller tells once it serves.
fn process_in(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("serving"))?;
    let start = line.find("process")?;
    let uuid = line[start..].split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-').find(|w| w.len() == 36);
    uuid.map(str::to_owned)
}

/// A folder, and the key of encryption at rest in it.
pub fn home() -> Result<(TempDir, PathBuf)> {
    let folder = tempfile::Builder::new().prefix("slipway-two.").tempdir_in("/tmp")?;
    let key = folder.path().join("key");
    fs::write(&key, format!("00112233 {}\n", "5a".repeat(32)))?;
    Ok((folder, key))
}
