//! What a builder has to be told: plain data, put together by the binary from options and files.

use std::{path::PathBuf, time::Duration};

/// Everything the builder needs besides its listening sockets.
#[derive(Clone, Debug)]
pub struct Config {
    /// Unix socket of the controller's internal listener.
    pub internal_socket: PathBuf,
    /// File with the credential that proves to it that this is the builder of the installation.
    pub credential_file: PathBuf,
    /// Where repositories of apps are kept: a cache.
    pub repositories: PathBuf,
    /// Folder of the host keys; see [`crate::host_keys`].
    pub host_keys: PathBuf,
    /// Offer the ECDSA host key, too. Every client of the last ten years takes the ed25519 one, and auditors find fault with
    /// the curve.
    pub ecdsa: bool,
    /// The program that git runs as `pre-receive`: one that calls [`crate::hook::run`] when it is started by that name.
    pub hook: PathBuf,
    /// How much of what.
    pub limits: Limits,
    /// How long the builder waits for whom.
    pub timeouts: Timeouts,
}

/// How much a client may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections of all clients.
    pub connections: usize,
    /// Connections of all clients that have not logged in; more wait for the oldest of them to do so.
    pub strangers: usize,
    /// The same from one address.
    pub strangers_per_address: usize,
    /// Pushes and fetches at once.
    pub sessions: usize,
    /// Bytes of one push.
    pub push_bytes: u64,
    /// Objects of git in one push.
    pub push_objects: u32,
    /// Bytes of private memory of each process of git.
    pub memory: u64,
    /// Seconds of processor time of each process of git.
    pub cpu_secs: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1000,
            strangers: 100,
            strangers_per_address: 10,
            sessions: 64,
            push_bytes: 512 << 20,
            push_objects: 1_000_000,
            memory: 768 << 20,
            cpu_secs: 600,
        }
    }
}

/// How long the builder waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a client to log in.
    pub login: Duration,
    /// After which a stranger has to make room for the next one when there are too many.
    pub patience: Duration,
    /// For a push to arrive, until its build begins; also for a fetch.
    pub transfer: Duration,
    /// In an orderly stop: for pushes under way to finish.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(30),
            patience: Duration::from_secs(5),
            transfer: Duration::from_mins(15),
            drain: Duration::from_mins(30),
        }
    }
}
