//! A user at a terminal: `mycli` with a home of its own, and `curl`.

use std::{
    fmt, fs,
    path::Path,
    process::{Command, Output},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::program;

/// Somebody who uses a platform.
#[derive(Debug)]
pub struct User {
    home: TempDir,
    /// For how long `mycli` repeats what could not be done, in seconds, where it is told.
    patience: Option<u32>,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl User {
    /// Somebody who has not used the platform yet.
    pub fn new() -> Result<Self> {
        Ok(Self { home: TempDir::new()?, patience: None })
    }

    /// Somebody who is registered there; the first one is its administrator.
    pub fn registered(url: &str) -> Result<Self> {
        let user = Self::new()?;
        let said = user.register(url, "ana")?;
        ensure!(said.code == 0, "{said}");
        Ok(user)
    }

    /// The same one, who wants to hear at once what cannot be done.
    #[must_use]
    pub fn impatient(self) -> Self {
        Self { patience: Some(0), ..self }
    }

    /// The home directory.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The token that `mycli` keeps.
    pub fn token(&self) -> Result<String> {
        let notes: Value = serde_json::from_str(&fs::read_to_string(self.home().join(".mycli/client.json"))?)?;
        Ok(notes["token"].as_str().context("not logged in")?.to_owned())
    }

    /// Registers and logs in.
    pub fn register(&self, url: &str, name: &str) -> Result<Said> {
        let email = format!("{name}@example.com");
        let words = ["register", url, "--username", name, "--email", &email, "--password-stdin"];
        self.types(&words, "correct horse battery staple\n")
    }

    /// Runs `mycli` with these words and this on its standard input.
    pub fn types(&self, words: &[&str], input: &str) -> Result<Said> {
        // Where no git repository suggests an app.
        self.types_in(self.home(), words, input)
    }

    /// The same in that folder.
    pub fn types_in(&self, folder: &Path, words: &[&str], input: &str) -> Result<Said> {
        let mut command = Command::new(program::ours("mycli")?);
        // Nothing of the developer's own settings.
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/bin:/bin").current_dir(folder);
        command.envs(self.patience.map(|seconds| ("MYCLI_RETRY_SECONDS", seconds.to_string())));
        program::with_input(command.args(words), input.as_bytes()).map(Said::from)
    }

    /// Runs `mycli`, whatever comes of it.
    pub fn mycli(&self, words: &[&str]) -> Result<Said> {
        self.types(words, "")
    }

    /// Runs `mycli`, which has to succeed, and answers its output.
    pub fn does(&self, words: &[&str]) -> Result<String> {
        let said = self.mycli(words)?;
        ensure!(said.code == 0, "mycli {words:?}: {said}");
        Ok(said.out)
    }

    /// Runs `mycli` in that folder, which has to succeed, and answers its output.
    pub fn does_in(&self, folder: &Path, words: &[&str]) -> Result<String> {
        let said = self.types_in(folder, words, "")?;
        ensure!(said.code == 0, "mycli {words:?}: {said}");
        Ok(said.out)
    }

    /// What the API answers to this user, head and all: to a GET, or to a POST of JSON.
    pub fn asks(&self, url: &str, json: Option<&str>) -> Result<String> {
        // A token does not belong on a command line, nor does what is sent.
        let headers = self.home().join("headers");
        fs::write(&headers, format!("Authorization: token {}\nContent-Type: application/json\n", self.token()?))?;
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-i", "--max-time", "20", "-H"]).arg(format!("@{}", headers.display()));
        curl.args(json.map(|_| ["--data-binary", "@-"]).into_iter().flatten());
        let output = program::with_input(curl.arg("--").arg(url), json.unwrap_or_default().as_bytes())?;
        ensure!(output.status.success(), "{url}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What a URL answers: the status and the body.
    pub fn curl(&self, url: &str) -> Result<(u16, String)> {
        let format = "\n%{http_code}";
        let output = program::output(Command::new("curl").args(["-sS", "--max-time", "30", "-w", format, "--", url]))?;
        let (body, status) = output.rsplit_once('\n').unwrap_or((&output, ""));
        Ok((status.parse()?, body.to_owned()))
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// As in a table of what users see: the exit code, then what was printed.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit code {}", self.code)?;
        for (name, text) in [("out", &self.out), ("err", &self.err)] {
            for line in text.lines() {
                writeln!(f, "{}", format!("{name}: {line}").trim_end())?;
            }
        }
        Ok(())
    }
}
