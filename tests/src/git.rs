//! A developer with a git repository: the machine's own `git` and OpenSSH, with a key of the user's.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{
    program,
    sources::repository,
    user::{Said, User},
};

/// Moves git's cursor to the first column, so that what we say takes the place of its `remote: `.
const COLUMN_ONE: &str = "\u{1b}[1G";

/// A working copy of somebody.
#[derive(Debug)]
pub struct Repository {
    folder: TempDir,
    home: PathBuf,
}

/// How a push went, as the pusher reads it on a terminal.
#[derive(Debug)]
pub struct Pushed {
    /// Exit code of git.
    pub code: i32,
    /// All that git wrote, one line below the other.
    pub text: String,
}

impl Repository {
    /// An empty one.
    pub fn new(user: &User) -> Result<Self> {
        let repository = Self { folder: TempDir::new()?, home: user.home().to_owned() };
        repository.does(&["init", "--quiet", "--initial-branch=main"])?;
        repository.does(&["config", "user.name", "Ana"])?;
        repository.does(&["config", "user.email", "ana@example.com"])?;
        Ok(repository)
    }

    /// One with a copy of `examples/<name>`, committed.
    pub fn example(user: &User, name: &str) -> Result<Self> {
        let new = Self::new(user)?;
        let example = repository().join("examples").join(name).join(".");
        program::output(Command::new("cp").arg("-a").arg(example).arg(new.path()))?;
        new.commit(&format!("An app in {name}"))?;
        Ok(new)
    }

    /// One with these files, committed.
    pub fn with(user: &User, files: &[(&str, &str)]) -> Result<Self> {
        let new = Self::new(user)?;
        for (name, text) in files {
            new.write(name, text)?;
        }
        new.commit("The app")?;
        Ok(new)
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file; one that begins with `#!` can be run.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().context("no folder")?)?;
        fs::write(&path, text)?;
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
    }

    /// Commits everything.
    pub fn commit(&self, message: &str) -> Result<()> {
        self.does(&["add", "--all"])?;
        self.does(&["commit", "--quiet", "--allow-empty", "-m", message])
    }

    /// Runs git, whatever comes of it.
    pub fn git(&self, words: &[&str]) -> Result<Said> {
        Ok(Said::from(self.command(words).output()?))
    }

    /// Runs git, which has to succeed.
    pub fn does(&self, words: &[&str]) -> Result<()> {
        let said = self.git(words)?;
        ensure!(said.code == 0, "git {words:?}: {said}");
        Ok(())
    }

    /// `git push mycli main`.
    pub fn push(&self) -> Result<Pushed> {
        self.push_as("main")
    }

    /// The same with another refspec.
    pub fn push_as(&self, refspec: &str) -> Result<Pushed> {
        Ok(Pushed::from(self.git(&["push", "mycli", refspec])?))
    }

    /// The same, begun and not waited for.
    pub fn begin_push(&self) -> Result<Child> {
        let mut command = self.command(&["push", "mycli", "main"]);
        Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("git");
        surround(&mut command, &self.home);
        command.args(words).current_dir(self.path());
        command
    }
}

/// Nothing of the developer's own settings: the surroundings of somebody at home there, whose key git uses.
pub fn surround(command: &mut Command, home: &Path) {
    let ssh = format!(
        "ssh -F none -i {home}/.ssh/id_ed25519 -o IdentitiesOnly=yes -o UserKnownHostsFile={home}/.ssh/known_hosts",
        home = home.display()
    );
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("GIT_SSH_COMMAND", ssh).env("GIT_TERMINAL_PROMPT", "0");
}

/// Makes a key, registers it and trusts the platform's host keys, as `mycli keys:add` offers.
pub fn introduce(user: &User) -> Result<()> {
    make_key(user)?;
    user.does(&["keys:add", &format!("{}.pub", key(user).display()), "--trust-host"]).map(drop)
}

/// Makes a key that nobody knows yet.
pub fn make_key(user: &User) -> Result<()> {
    fs::create_dir_all(user.home().join(".ssh"))?;
    let arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "ana@laptop", "-f"];
    program::output(Command::new("ssh-keygen").args(arguments).arg(key(user))).map(drop)
}

fn key(user: &User) -> PathBuf {
    user.home().join(".ssh/id_ed25519")
}

impl From<Said> for Pushed {
    fn from(said: Said) -> Self {
        Self { code: said.code, text: on_screen(&said.err) }
    }
}

/// What git wrote, as it looks on a terminal.
#[must_use]
pub fn on_screen(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.strip_prefix("remote: ").map_or(line, |rest| rest.strip_prefix(COLUMN_ONE).unwrap_or(rest));
        line.trim_end()
    });
    lines.collect::<Vec<_>>().join("\n")
}

impl fmt::Display for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n{}", self.code, self.text)
    }
}
