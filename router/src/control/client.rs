//! The supervisor's side of the control socket.

use std::{
    net::TcpListener,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use serde::de::DeserializeOwned;

use super::{Command, PATIENCE, Problem, Sockets, Status, transfer};

/// Asks a running router. Blocking, for at most a few seconds a call.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// A client for the control socket at `socket`. Connects with each call.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// How the router is; an error when none answers.
    pub fn status(&self) -> anyhow::Result<Status> {
        let (line, _descriptors) = self.ask(Command::Status)?;
        parse(&line)
    }

    /// The router's listening sockets, by name. The router keeps its own descriptors of them and serves on.
    pub fn sockets(&self) -> anyhow::Result<Vec<(String, TcpListener)>> {
        let (line, descriptors) = self.ask(Command::Sockets)?;
        let names = parse::<Sockets>(&line)?.sockets;
        ensure!(
            names.len() == descriptors.len(),
            "the router named {} sockets and sent {}",
            names.len(),
            descriptors.len()
        );
        Ok(names.into_iter().zip(descriptors.into_iter().map(TcpListener::from)).collect())
    }

    fn ask(&self, command: Command) -> anyhow::Result<(String, Vec<std::os::fd::OwnedFd>)> {
        let stream = UnixStream::connect(&self.socket)
            .with_context(|| format!("no router answers on {}", self.socket.display()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        transfer::send(&stream, &serde_json::to_string(&command)?, &[])?;
        transfer::receive(&stream).context("the router did not answer")
    }
}

fn parse<T: DeserializeOwned>(line: &str) -> anyhow::Result<T> {
    if let Ok(Problem { error }) = serde_json::from_str(line) {
        bail!("the router refused: {error}");
    }
    serde_json::from_str(line).context("the router's answer cannot be read; is it of another version?")
}
