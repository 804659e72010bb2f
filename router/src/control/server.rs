//! The router's side of the control socket.

use std::{
    fs, io,
    net::TcpListener,
    os::{
        fd::AsFd,
        unix::{
            fs::PermissionsExt,
            net::{UnixListener as StdUnixListener, UnixStream},
        },
    },
    path::Path,
    sync::Arc,
};

use anyhow::Context;
use tokio::net::UnixListener;

use super::{Command, PATIENCE, Problem, Sockets, Status, transfer};

/// Answers supervisors.
pub(crate) struct Control {
    /// The listening sockets by name.
    pub sockets: Vec<(String, TcpListener)>,
    pub status: Box<dyn Fn() -> Status + Send + Sync>,
}

impl Control {
    /// Opens the socket, in place of one that an earlier router left behind.
    pub fn listen(path: &Path) -> anyhow::Result<UnixListener> {
        let listen = || -> io::Result<UnixListener> {
            // Bound under another name, so that nobody can connect before the permissions are right.
            let fresh = path.with_extension("new");
            match fs::remove_file(&fresh) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = StdUnixListener::bind(&fresh)?;
            fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600))?;
            fs::rename(&fresh, path)?;
            listener.set_nonblocking(true)?;
            UnixListener::from_std(listener)
        };
        listen().with_context(|| format!("cannot open the control socket {}", path.display()))
    }

    /// Answers whoever connects, one after the other; a supervisor is one.
    pub async fn serve(self, listener: UnixListener) -> anyhow::Result<()> {
        let control = Arc::new(self);
        loop {
            let stream = listener.accept().await?.0.into_std()?;
            let control = control.clone();
            let answered = tokio::task::spawn_blocking(move || control.answer(&stream)).await?;
            if let Err(error) = answered {
                tracing::debug!(%error, "a caller on the control socket went away");
            }
        }
    }

    fn answer(&self, stream: &UnixStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let (line, _descriptors) = transfer::receive(stream)?;
        match serde_json::from_str(&line) {
            Ok(Command::Status) => transfer::send(stream, &serde_json::to_string(&(self.status)())?, &[]),
            Ok(Command::Sockets) => self.pass(stream),
            Err(error) => {
                let problem = Problem { error: error.to_string() };
                transfer::send(stream, &serde_json::to_string(&problem)?, &[])
            }
        }
    }

    fn pass(&self, stream: &UnixStream) -> io::Result<()> {
        let names = self.sockets.iter().map(|(name, _)| name.clone()).collect();
        let line = serde_json::to_string(&Sockets { sockets: names })?;
        let descriptors: Vec<_> = self.sockets.iter().map(|(_, socket)| socket.as_fd()).collect();
        transfer::send(stream, &line, &descriptors)
    }
}
