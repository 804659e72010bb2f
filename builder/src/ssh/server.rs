//! Accepts connections on sockets that somebody else has opened, and serves each in a task of its own.

use std::{net::IpAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use russh::{keys::PrivateKey, server};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::{
    admission::{Admission, Place},
    algorithms,
    door::Door,
    handler::Handler,
};
use crate::{config::Config, session::Sessions};

/// After an accept that failed, which it does when too many files are open.
const BREATH: Duration = Duration::from_millis(100);

/// What all connections share.
pub(crate) struct Server {
    russh: Arc<server::Config>,
    sessions: Arc<Sessions>,
    admission: Admission,
    connections: Arc<Semaphore>,
    login: Duration,
    /// Tasks that serve somebody.
    tasks: TaskTracker,
    /// Sessions in them.
    busy: TaskTracker,
}

impl Server {
    /// A server with these host keys. `busy` counts the sessions for which a stop has to wait.
    pub fn new(config: &Config, keys: Vec<PrivateKey>, sessions: Sessions, busy: TaskTracker) -> Self {
        Self {
            russh: Arc::new(algorithms::config(keys)),
            sessions: Arc::new(sessions),
            admission: Admission::new(config.limits, config.timeouts),
            connections: Arc::new(Semaphore::new(config.limits.connections)),
            login: config.timeouts.login,
            tasks: TaskTracker::new(),
            busy,
        }
    }

    /// Accepts on one socket until `shutdown`.
    pub async fn accept(self: Arc<Self>, listener: std::net::TcpListener, shutdown: CancellationToken) -> Result<()> {
        listener.set_nonblocking(true).context("cannot use an inherited socket")?;
        let listener = TcpListener::from_std(listener).context("cannot use an inherited socket")?;
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer.ip()),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, peer: IpAddr) {
        let Ok(connection) = self.connections.clone().try_acquire_owned() else {
            tracing::warn!(%peer, "too many connections: one more is closed");
            return;
        };
        let this = self.clone();
        self.tasks.spawn(async move {
            let Some(place) = this.admission.enter(peer.to_canonical()).await else {
                return tracing::warn!(%peer, "too many connections that do not log in: one more is closed");
            };
            if let Err(error) = this.serve(stream, place).await {
                tracing::debug!(error = format!("{error:#}"), %peer, "a connection ended");
            }
            drop(connection);
        });
    }

    async fn serve(&self, stream: TcpStream, place: Place) -> Result<()> {
        stream.set_nodelay(true)?;
        let (door, stream) = Door::of(stream)?;
        let (leave, known, gone) = (place.leave(), CancellationToken::new(), CancellationToken::new());
        let _gone: DropGuard = gone.clone().drop_guard();
        let handler = Handler::new(self.sessions.clone(), self.busy.clone(), place, known.clone(), gone);
        let protocol = async { server::run_stream(self.russh.clone(), stream, handler).await?.await };
        tokio::pin!(protocol);
        tokio::select! {
            ended = &mut protocol => ended?,
            // Shut, the protocol reads the end of its input.
            () = door.guard(leave, known, self.login) => protocol.await?,
        }
        Ok(())
    }
}
