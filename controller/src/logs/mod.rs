//! What apps write: kept in files of our own, read back merged with the controller's events.
//!
//! Lines never go to the database. [`Store`] keeps the last of each app in append-only segments, [`Collector`] follows
//! the instances that a platform runs and appends what they write, [`render`] shows both as Deis did. Nothing
//! needs to be remembered for a restart: where to go on reading is derived from what is stored, so that a controller
//! that was killed loses no line and stores none twice, as long as the platform still has it.

use std::{io, path::PathBuf};

use api::names::ProcessType;
use chrono::{DateTime, Utc};

mod app_log;
mod collect;
mod cursor;
mod read;
mod record;
mod render;
mod resume;
mod segment;
mod selection;
mod sequence;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use collect::{Collector, Followed};
pub use cursor::Place;
pub use record::cut;
pub use render::{merge, render};
pub use resume::Resume;
pub use selection::Selection;
pub use sequence::{Piece, Position};
pub use store::Store;

/// Lines of an answer when the client does not say how many (Deis: 100).
pub const DEFAULT_LINES: usize = 100;

/// Most lines of one answer (Deis kept 1,000 an app).
pub const MAX_LINES: usize = 1000;

/// Longest line in bytes; a longer one is kept in pieces.
pub const MAX_LINE: usize = 16 * 1024;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one app.
    pub per_app: u64,
    /// Bytes of all apps together; whoever has most loses first.
    pub total: u64,
    /// Bytes of one segment: what is dropped at once.
    pub segment: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self { per_app: 10 * MIB, total: 1024 * MIB, segment: MIB }
    }
}

/// Who writes: one instance or one-off run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name on the platform, without white space.
    pub instance: String,
    /// Its process type.
    pub process_type: ProcessType,
    /// Number of the release it runs.
    pub version: u32,
}

/// One line of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When the platform took it, to the nanosecond.
    pub at: DateTime<Utc>,
    /// Who wrote it.
    pub source: Source,
    /// What, without the end of the line. Control characters are the reader's to neutralise.
    pub text: String,
}

/// Why lines could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another controller writes there. One that makes room for a new one stops doing so by itself.
    #[error("another controller still writes to {}", .0.display())]
    InUse(PathBuf),
    /// The disk said no.
    #[error("{}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: an I/O error at `path`.
    fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
