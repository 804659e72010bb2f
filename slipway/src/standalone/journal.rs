//! What the parts write: one file each, bounded in size.
//!
//! The parts append to the files themselves. A pipe to the supervisor would break with its death.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

/// Bytes after which a journal begins anew; one older piece of that size is kept.
const LIMIT: u64 = 8 * 1024 * 1024;

/// The file one part writes to.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Opens it for appending; made if missing, readable for root alone.
    pub fn open(&self) -> io::Result<File> {
        OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)
    }

    /// Moves what is there aside once it is [`LIMIT`] long. The writer goes on in the same file, which `O_APPEND` makes
    /// safe; a line written between the copy and the cut is lost, which a part's diary can bear.
    pub fn bound(&self) -> io::Result<()> {
        self.bound_to(LIMIT)
    }

    fn bound_to(&self, limit: u64) -> io::Result<()> {
        let length = match std::fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            metadata => metadata?.len(),
        };
        if length < limit {
            return Ok(());
        }
        std::fs::copy(&self.path, self.path.with_extension("log.1"))?;
        self.open()?.set_len(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_full_journal_begins_anew_under_its_writer() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path().join("part.log"));
        journal.bound_to(8).unwrap();
        let mut writer = journal.open().unwrap();
        writer.write_all(b"1234567\n").unwrap();
        journal.bound_to(8).unwrap();
        writer.write_all(b"new\n").unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("part.log")).unwrap(), "new\n");
        assert_eq!(std::fs::read_to_string(dir.path().join("part.log.1")).unwrap(), "1234567\n");
    }
}
