//! Asking the supervisor.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use anyhow::{Context, Result, bail};

use super::{Answer, Request};

/// Asks; `None` when no supervisor runs.
pub fn ask(socket: &Path, request: &Request) -> Result<Option<Answer>> {
    let Some(stream) = connect(socket, request)? else { return Ok(None) };
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).context("the supervisor does not answer")?;
    serde_json::from_str(&line).map(Some).context("the supervisor ended before it answered")
}

/// Asks, and hands each answer on, until there are no more; `None` when no supervisor runs.
pub fn follow(socket: &Path, request: &Request, mut each: impl FnMut(Answer) -> Result<()>) -> Result<Option<()>> {
    let Some(stream) = connect(socket, request)? else { return Ok(None) };
    for line in BufReader::new(stream).lines() {
        // A supervisor that is killed may break off within a line.
        let Some(answer) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else { break };
        each(answer)?;
    }
    Ok(Some(()))
}

fn connect(socket: &Path, request: &Request) -> Result<Option<UnixStream>> {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused].contains(&error.kind()) => {
            return Ok(None);
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            bail!("only root may do this; try it with sudo")
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot reach the supervisor at {}", socket.display()));
        }
    };
    writeln!(stream, "{}", serde_json::to_string(request)?)?;
    Ok(Some(stream))
}
