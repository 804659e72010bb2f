//! Builds on one machine, between controller and supervisor: over the socket `builds.sock`, one request a connection, as one
//! line of JSON each way.
//!
//! A build has the id that the controller gave it. Every request can be sent again: what has begun is not begun twice, what
//! has ended stays known until it is forgotten.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most bytes of log in one [`BuildView`].
pub const LOG_CHUNK: usize = 64 * 1024;

/// What the controller asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum BuildRequest {
    /// Begin it, unless it has begun.
    Start(Box<BuildOrder>),
    /// How is it? With what it wrote from `from` on.
    Look {
        /// Which.
        build: Uuid,
        /// Offset in its log, in bytes; one that a [`BuildView::next`] named.
        from: u64,
    },
    /// End it at once.
    Cancel {
        /// Which.
        build: Uuid,
    },
    /// Its record is needed no more. One that runs is cancelled.
    Forget {
        /// Which.
        build: Uuid,
    },
    /// The app is gone, and with it its caches and images.
    ForgetApp {
        /// Its uuid.
        app: Uuid,
    },
    /// The app's image is needed no more.
    ForgetImage {
        /// The app's uuid.
        app: Uuid,
        /// As in [`BuiltImage::reference`].
        reference: String,
    },
}

/// What is to be built. The source lies in the controller's folder of sources, as `<build>.tar`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildOrder {
    /// Its id.
    pub build: Uuid,
    /// The app, whose caches it uses.
    pub app: Uuid,
    /// How.
    pub kind: BuildKind,
    /// The commit, whole.
    pub sha: String,
    /// The app's config values; secrets among them.
    pub env: BTreeMap<String, String>,
}

impl std::fmt::Debug for BuildOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BuildOrder").field("build", &self.build).field("app", &self.app).finish_non_exhaustive()
    }
}

/// How a source becomes an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildKind {
    /// By its Dockerfile.
    Dockerfile,
    /// By a buildpack.
    Buildpack,
}

/// What the supervisor answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum BuildAnswer {
    /// It is so.
    Done,
    /// How the build is.
    Seen(BuildView),
    /// It could not be done, and why.
    Failed {
        /// For people.
        reason: String,
    },
}

/// A build as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildView {
    /// What it does.
    pub state: BuildState,
    /// What it wrote from the offset asked for, at most [`LOG_CHUNK`] bytes. When less than that much came, it was all.
    pub log: String,
    /// Offset behind `log`.
    pub next: u64,
}

/// What a build does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BuildState {
    /// Never heard of, or forgotten.
    Unknown,
    /// It runs.
    Running,
    /// The image is in the registry.
    Built(BuiltImage),
    /// There is no image. The last words of the log may tell more.
    Failed {
        /// For the pusher, one line.
        reason: String,
    },
    /// It was cancelled.
    Cancelled,
}

/// What a build made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltImage {
    /// `<registry>/<app's repository>@sha256:...`.
    pub reference: String,
    /// Process types and their commands, from the Procfile or the buildpack's defaults.
    pub types: BTreeMap<String, String>,
}
