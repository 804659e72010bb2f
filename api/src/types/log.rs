//! Lines of apps: what `GET /v2/apps/{id}/logs` answers to who asks for `application/x-ndjson`.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// RFC 3339 without a fraction, the offset in digits, as Deis wrote it.
const TIME: &str = "%Y-%m-%dT%H:%M:%S%:z";

/// One line. Written out it is the line that Deis showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// When it was taken, to the nanosecond.
    pub at: DateTime<Utc>,
    /// Who wrote it: `blog[web.v3.1vxqg]`, or `deis[controller]`.
    pub source: String,
    /// The process type of the instance that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_type: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The number of the release that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<u32>,
    /// The weight of what the controller says: `INFO`, `WARN`, `ERROR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// What was written.
    pub text: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.at.format(TIME), self.source)?;
        if let Some(level) = &self.level {
            write!(f, "{level} ")?;
        }
        f.write_str(&self.text)
    }
}

/// Some lines, and where to go on: one line of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LogBatch {
    /// In the order of time; none when there was nothing for a while.
    pub lines: Vec<LogLine>,
    /// What stands behind these is answered to `?after=<cursor>`.
    pub cursor: String,
}
