//! The control socket: how a supervisor asks a running router how it is, and takes the listening sockets from it.
//!
//! One JSON line asks ([`Command`]), one answers ([`Status`], [`Sockets`] or [`Problem`]); then either side may close.
//! Descriptors travel with the answer's first byte (`SCM_RIGHTS`), in the order of their names.

mod client;
mod server;
mod transfer;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use client::Client;
pub(crate) use server::Control;

/// What a supervisor may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub enum Command {
    /// Answered by [`Status`].
    Status,
    /// Answered by [`Sockets`], and the sockets themselves.
    Sockets,
}

/// How the router is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The router process; a new one for each start.
    pub router: Uuid,
    /// Epoch of `version`.
    pub epoch: i64,
    /// Version of the routes by which requests go.
    pub version: i64,
    /// Whether the route stream is open. If not, the router serves its last good table.
    pub connected: bool,
    /// Apps in the table.
    pub apps: usize,
    /// Open connections of clients.
    pub connections: usize,
    /// An orderly stop is under way.
    pub draining: bool,
}

/// The names of the listening sockets that come with this answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sockets {
    /// In the order of the descriptors.
    pub sockets: Vec<String>,
}

/// A command that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong with it.
    pub error: String,
}

/// Longest line either way.
const LONGEST_LINE: usize = 64 * 1024;
/// How long one side waits for the other. A supervisor must not hang on a router that does.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
