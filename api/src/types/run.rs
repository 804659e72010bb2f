//! One-off runs.

use serde::{Deserialize, Serialize};

/// `POST /v2/apps/{id}/run`.
///
/// Answered with [`RunResult`] when the command has ended, as Deis did; a client that sends
/// `Accept: application/x-ndjson` gets one [`RunEvent`] a line while it runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    /// The command, for `bash -c` inside the app's own container.
    #[serde(default)]
    pub command: String,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunResult {
    /// Exit code of the command.
    pub exit_code: i64,
    /// Everything it wrote, standard output and standard error mixed.
    pub output: String,
}

/// One line of a streamed run.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
