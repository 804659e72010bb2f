//! What can be asked of a running supervisor: one request and one answer a connection, each a line of JSON.
//!
//! The socket lies in a folder of root's and is root's alone; who reaches it needs no other credential.

pub mod client;
pub mod server;

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{keeper::State, part::Part};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Run everything from another program. Answered by [`Answer::Progress`] as it goes, and at the end otherwise.
    Upgrade {
        /// The new program; without one, the one before the last upgrade.
        binary: Option<PathBuf>,
        /// How many seconds each part of it may take to serve.
        patience: u64,
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
    /// An upgrade goes on: for people.
    Progress {
        /// What of it is done.
        what: String,
        /// What came of that.
        outcome: String,
    },
    /// The new program is in place, and the supervisor becomes it now.
    Upgraded {
        /// The version before.
        from: String,
        /// The version now.
        to: String,
        /// Where the one before lies.
        previous: PathBuf,
    },
    /// The new program did not prove good: everything returns to the one before now.
    Returned {
        /// Why, for people.
        reason: String,
        /// The last lines of whoever failed.
        journal: Vec<String>,
    },
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
    /// Its version.
    pub version: String,
    /// It is being tried out by the supervisor before it, and ends when something does not serve.
    pub trial: bool,
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
    /// Which version of ours it runs.
    pub version: Option<String>,
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
