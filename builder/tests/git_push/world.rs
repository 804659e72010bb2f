//! A builder, its controller, a user with a key, and a folder to commit in.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use api::push::PushEvent;
use builder::{Config, Limits, Timeouts};
use tempfile::TempDir;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::fake::{Fake, Step};

pub struct World {
    pub dir: TempDir,
    pub port: u16,
    pub controller: Arc<Fake>,
    pub app: Uuid,
    pub stop: CancellationToken,
    pub ended: Option<tokio::task::JoinHandle<anyhow::Result<()>>>,
}

/// What a program wrote and how it ended.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub text: String,
}

impl World {
    /// `alice` may push to `shiny-fox`, `bob` to `dull-ox`; `mallory` has an account and no app.
    pub async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    pub async fn start_with(limits: Limits) -> Self {
        Self::start_as(|config| Config { limits, ..config }).await
    }

    /// With another configuration.
    pub async fn start_as(change: impl FnOnce(Config) -> Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let controller = Arc::new(Fake::default());
        controller.serve(dir.path().join("internal.sock"));
        fs::write(dir.path().join("credential"), "secret\n").unwrap();
        let config = change(config(dir.path()));
        let hosts = builder::host_keys::ensure(&config.host_keys).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let known: Vec<_> = hosts.iter().map(|key| format!("[127.0.0.1]:{port} {key}")).collect();
        fs::write(dir.path().join("known_hosts"), known.join("\n") + "\n").unwrap();
        let app = Uuid::now_v7();
        let apps = [("shiny-fox", (app, "alice")), ("dull-ox", (Uuid::now_v7(), "bob"))];
        controller.state().apps =
            apps.map(|(name, (id, user))| (name.to_owned(), (id, user.to_owned()))).into_iter().collect();
        let gone = config.repositories.join(format!("{}.git", Uuid::now_v7()));
        fs::create_dir_all(gone).unwrap();
        let stop = CancellationToken::new();
        let ended = Some(tokio::spawn(builder::run(config, vec![listener], stop.clone())));
        let mut world = Self { dir, port, controller, app, stop, ended };
        for user in ["alice", "bob", "mallory"] {
            let key = world.key(user, "ed25519").await;
            world.controller.state().keys.insert(key, user.to_owned());
        }
        world.source().await;
        world
    }

    /// Makes a key that nobody has registered; answers its public line without comment.
    pub async fn key(&self, name: &str, kind: &str) -> String {
        let path = self.path(name);
        let path = path.to_str().unwrap();
        self.run("ssh-keygen", &["-q", "-t", kind, "-N", "", "-C", "", "-f", path]).await;
        fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap().trim().to_owned()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn repository(&self) -> PathBuf {
        self.path("repositories").join(format!("{}.git", self.app))
    }

    async fn source(&mut self) {
        fs::create_dir(self.path("source")).unwrap();
        self.git(&["init", "--quiet", "--initial-branch=main"]).await;
        self.git(&["remote", "add", "deis", &self.url("shiny-fox")]).await;
        self.commit("Procfile", "web: run\n").await;
    }

    pub fn url(&self, app: &str) -> String {
        format!("ssh://git@127.0.0.1:{}/{app}.git", self.port)
    }

    pub async fn commit(&self, file: &str, content: &str) {
        fs::write(self.path("source").join(file), content).unwrap();
        self.add(file).await;
    }

    /// Commits what lies in a file.
    pub async fn add(&self, file: &str) {
        self.git(&["add", "--", file]).await;
        let made = self.git(&["commit", "--quiet", "-m", file]).await;
        assert_eq!(made.code, Some(0), "{made:?}");
    }

    /// Runs git as alice.
    pub async fn git(&self, arguments: &[&str]) -> Output {
        self.git_as("alice", arguments).await
    }

    /// Runs git as alice, with something to read.
    pub async fn feed(&self, arguments: &[&str], text: String) -> Output {
        fs::write(self.path("input"), text).unwrap();
        let input = fs::File::open(self.path("input")).unwrap();
        output(self.command("alice", arguments).stdin(input)).await
    }

    pub async fn git_as(&self, user: &str, arguments: &[&str]) -> Output {
        output(&mut self.command(user, arguments)).await
    }

    /// Git with the key of `user` and nobody's settings.
    pub fn command(&self, user: &str, arguments: &[&str]) -> Command {
        let mut command = self.plain("git");
        let ssh = format!("ssh {}", self.ssh_options(&self.path(user)).join(" "));
        command.current_dir(self.path("source")).env("GIT_SSH_COMMAND", ssh).args(arguments);
        command
    }

    /// Runs ssh with the key of `user`.
    pub async fn ssh(&self, user: &str, arguments: &[&str]) -> Output {
        output(&mut self.ssh_command(user, arguments)).await
    }

    pub fn ssh_command(&self, user: &str, arguments: &[&str]) -> Command {
        let mut command = self.plain("ssh");
        command.args(self.ssh_options(&self.path(user))).args(["-p", &self.port.to_string()]).args(arguments);
        command
    }

    fn ssh_options(&self, key: &Path) -> Vec<String> {
        let known = format!("UserKnownHostsFile={}", self.path("known_hosts").display());
        let identity = key.display().to_string();
        let options =
            ["-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", &known, "-i", &identity];
        options.map(str::to_owned).to_vec()
    }

    async fn run(&self, program: &str, arguments: &[&str]) {
        let ended = output(self.plain(program).args(arguments)).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    fn plain(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", self.dir.path()).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, value) in [("AUTHOR", "Alice"), ("COMMITTER", "Alice")] {
            command.env(format!("GIT_{name}_NAME"), value).env(format!("GIT_{name}_EMAIL"), "alice@example.com");
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

fn config(dir: &Path) -> Config {
    let hook = dir.join("hook");
    let this = std::env::current_exe().unwrap();
    let text = format!("#!/bin/sh\nexec {} --exact hook_process --ignored --nocapture >/dev/null\n", this.display());
    fs::write(&hook, text).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    Config {
        internal_socket: dir.join("internal.sock"),
        credential_file: dir.join("credential"),
        repositories: dir.join("repositories"),
        host_keys: dir.join("host-keys"),
        ecdsa: false,
        hook,
        limits: Limits::default(),
        timeouts: Timeouts { patience: Duration::from_secs(3), ..Timeouts::default() },
    }
}

/// Runs it to its end; the text is what a user reads on a terminal.
pub async fn output(command: &mut Command) -> Output {
    let output = command.output().await.unwrap();
    let both = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&both);
    let lines: Vec<_> = text.lines().map(|line| line.replace("remote: \u{1b}[1G", "").trim_end().to_owned()).collect();
    Output { code: output.status.code(), text: lines.join("\n") }
}

impl World {
    /// What a run says, with what differs between runs left out.
    pub fn shown(&self, output: &Output) -> String {
        let text =
            output.text.replace(&format!("127.0.0.1:{}", self.port), "HOST").replace(&self.port.to_string(), "PORT");
        format!("{text}\nexit {}", output.code.unwrap_or(-1))
    }
}

pub fn log(text: &str, next: u64) -> Step {
    Step::Tell(PushEvent::Log { text: text.to_owned(), next })
}

pub fn done(version: u32) -> Step {
    let url = "http://shiny-fox.localhost".to_owned();
    Step::Tell(PushEvent::Done { app: "shiny-fox".to_owned(), version, url })
}

pub fn failed(reason: &str) -> Step {
    Step::Tell(PushEvent::Failed { reason: reason.to_owned() })
}
