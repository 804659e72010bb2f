//! The sockets that a supervisor (ours, or systemd) hands to a process: `LISTEN_FDS` and `LISTEN_FDNAMES`.

use std::{io, net::TcpListener, os::unix::net::UnixListener};

use anyhow::{Context, Result};
use listenfd::ListenFd;

/// The inherited sockets that nobody has taken yet.
pub struct Inherited {
    fds: ListenFd,
    names: Vec<String>,
}

impl Inherited {
    /// Takes them from the environment. To be called once, before any thread is started.
    pub fn from_env() -> Self {
        // Read before listenfd removes what it has taken.
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        Self { fds: ListenFd::from_env(), names: names.split(':').map(str::to_owned).collect() }
    }

    /// Every TCP socket of this name.
    pub fn tcp(&mut self, name: &str) -> Result<Vec<TcpListener>> {
        self.each(name, ListenFd::take_tcp_listener)
    }

    /// The unix socket of this name.
    pub fn unix(&mut self, name: &str) -> Result<UnixListener> {
        self.each(name, ListenFd::take_unix_listener)?.pop().with_context(|| {
            format!("no socket named {name} was inherited: this part is started by `slipway standalone`")
        })
    }

    fn each<T>(&mut self, name: &str, take: impl Fn(&mut ListenFd, usize) -> io::Result<Option<T>>) -> Result<Vec<T>> {
        let places = self.names.iter().enumerate().filter(|(_, found)| *found == name);
        let taken = places.filter_map(|(place, _)| take(&mut self.fds, place).transpose());
        taken.collect::<io::Result<_>>().with_context(|| format!("the inherited socket {name} is of the wrong kind"))
    }
}
