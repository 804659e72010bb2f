//! One connection, from outside: the socket that can be closed whatever the protocol on it is doing.

use std::net::{Shutdown, TcpStream};

use tokio_util::sync::CancellationToken;

/// Closes a connection.
pub(super) struct Door(TcpStream);

impl Door {
    /// The door of `stream`, which stays the protocol's.
    pub fn of(stream: tokio::net::TcpStream) -> std::io::Result<(Self, tokio::net::TcpStream)> {
        let stream = stream.into_std()?;
        let door = Self(stream.try_clone()?);
        Ok((door, tokio::net::TcpStream::from_std(stream)?))
    }

    /// Waits until a stranger has to go, and shuts the door on it.
    pub async fn guard(&self, leave: CancellationToken, known: CancellationToken, login: std::time::Duration) {
        tokio::select! {
            () = known.cancelled() => return std::future::pending().await,
            () = leave.cancelled() => {}
            () = tokio::time::sleep(login) => {}
        }
        self.shut();
    }

    /// Shuts it.
    pub fn shut(&self) {
        if let Err(error) = self.0.shutdown(Shutdown::Both) {
            tracing::debug!(%error, "a connection was closed already");
        }
    }
}
