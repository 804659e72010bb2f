//! One-off runs.

use serde::{Deserialize, Serialize};

use crate::{names::RunName, time::Timestamp};

/// `POST /v2/apps/{id}/run`.
///
/// Answered with [`RunResult`] when the command has ended, as Deis did; a client that sends
/// `Accept: application/x-ndjson` gets one [`RunEvent`] a line while it runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Run {
    /// The command, for `bash -c` inside the app's own container.
    #[serde(default)]
    pub command: String,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunResult {
    /// Exit code of the command.
    pub exit_code: i64,
    /// Everything it wrote, standard output and standard error mixed.
    pub output: String,
}

/// One line of a streamed run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RunEvent {
    /// The container runs under this name.
    Started {
        /// `<app>-run-<5>`.
        name: String,
    },
    /// Bytes from standard output, base64.
    Stdout {
        /// The bytes.
        data: String,
    },
    /// Bytes from standard error, base64.
    Stderr {
        /// The bytes.
        data: String,
    },
    /// The command ended. Always the last line of a run that could be started.
    Exited {
        /// Its exit code.
        code: i64,
    },
    /// The run could not be started or was cut off. Always the last line of such a run.
    Failed {
        /// Why, for people.
        detail: String,
    },
    /// Nothing was written for a while; keeps the connection alive.
    Heartbeat,
}

/// `POST /v2/apps/{id}/runs`: begins a run that nobody waits for. What it writes is in the app's log.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StartRun {
    /// As in [`Run`].
    #[serde(default)]
    pub command: String,
    /// What it is called; some five characters where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RunName>,
    /// Seconds after which it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<u32>,
}

/// A run that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunView {
    /// Its name within the app.
    pub name: String,
    /// What it runs; not known of those that older controllers began.
    pub command: Option<String>,
    /// Who began it.
    pub user: String,
    /// The release it runs, `v<N>`.
    pub release: String,
    /// False while somebody waits for it.
    pub detached: bool,
    /// When it was begun.
    pub created: Timestamp,
    /// When it will be ended, if nobody waits for it.
    pub until: Option<Timestamp>,
}

/// `GET /v2/apps/{id}/runs`: a list without paging.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunList {
    /// The runs, oldest first.
    pub results: Vec<RunView>,
    /// How many.
    pub count: u64,
}
