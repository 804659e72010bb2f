//! What can be asked of a running supervisor: one request and one answer a connection, each a line of JSON.
//!
//! The socket lies in a folder of root's and is root's alone; who reaches it needs no other credential.

pub mod client;
pub mod server;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{keeper::State, part::Part};

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// How everything is.
    Status,
    /// Stop every part, and yourself.
    Stop,
    /// Run a new process in place of a part's present one; without a part, of the supervisor itself.
    Restart {
        /// Which part.
        part: Option<Part>,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// What was asked for is done.
    Done,
    /// It cannot be done.
    Failed {
        /// Why, for people.
        reason: String,
    },
}

/// How everything is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Every part serves and the firewall rules stand.
    pub ready: bool,
    /// Where people find the API.
    pub url: String,
    /// Where HTTP is served.
    pub listen: Vec<SocketAddr>,
    /// Pid of the supervisor.
    pub supervisor: u32,
    /// The parts that this supervisor keeps.
    pub parts: Vec<PartStatus>,
    /// What is wrong with the firewall rules.
    pub firewall: Firewall,
    /// Whether anything can be pushed.
    pub pushes: Pushes,
}

/// How a part is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartStatus {
    /// Which part.
    pub part: Part,
    /// It does its work now.
    pub serving: bool,
    /// What its keeper knows.
    #[serde(flatten)]
    pub state: State,
}

/// How the firewall rules are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Firewall {
    /// The operator keeps his own.
    Off,
    /// As they should be.
    Kept,
    /// They could not be written.
    Broken {
        /// Why, for people.
        reason: String,
    },
}

/// Whether anything can be pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Pushes {
    /// Yes.
    On {
        /// Where git is served over SSH.
        listen: Vec<SocketAddr>,
    },
    /// No.
    Off {
        /// Why, and what to do, for people.
        reason: String,
    },
}
