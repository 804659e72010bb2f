//! Watching a build from outside: time, disk, and whether somebody wants its end.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::super::{disk, record::Record};

/// Time between two looks.
pub const EVERY: Duration = Duration::from_millis(300);
/// What stays free on the machine's disk.
const RESERVE: u64 = 1 << 30;

/// Why a build is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody asked for it.
    Cancelled,
    /// It took too long.
    Time,
    /// It wrote too much.
    Disk,
    /// The machine's disk is nearly full.
    Full,
}

/// A watched build.
pub struct Watch {
    record: Record,
    folders: Vec<PathBuf>,
    limit: u64,
    until: Instant,
    /// What was free when the folders were last measured.
    free: u64,
}

impl Watch {
    /// Begins now. What the folders have already counts.
    pub fn begin(record: Record, folders: Vec<PathBuf>, limit: u64, seconds: u64) -> Result<Self> {
        let free = disk::free(record.folder())?;
        Ok(Self { record, folders, limit, until: Instant::now() + Duration::from_secs(seconds), free })
    }

    /// Must it end?
    pub async fn look(&mut self) -> Result<Option<Stop>> {
        if self.record.is_cancelled() {
            return Ok(Some(Stop::Cancelled));
        }
        if Instant::now() >= self.until {
            return Ok(Some(Stop::Time));
        }
        let free = disk::free(self.record.folder())?;
        // To measure takes time: only after so much was written, by whomever, that it may matter.
        let step = (self.limit / 10).max(16 << 20);
        if self.free.saturating_sub(free) >= step || free < RESERVE {
            self.free = free;
            if disk::used(&self.folders).await? > self.limit {
                return Ok(Some(Stop::Disk));
            }
        }
        self.free = self.free.max(free);
        Ok((free < RESERVE).then_some(Stop::Full))
    }
}
