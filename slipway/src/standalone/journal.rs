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
/// Lines that people are shown, and characters of each.
const TAIL_LINES: usize = 6;
const TAIL_WIDTH: usize = 500;

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

    /// How long it is.
    pub fn length(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    /// Of what was written beyond `from`, the last lines, for people. Before all those that are no JSON: the words of a process
    /// that could not even begin, among the lines of one that goes on.
    pub fn tail(&self, from: u64) -> Vec<String> {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes.get(usize::try_from(from).unwrap_or(0)..).unwrap_or_default());
        let lines = || text.lines().filter(|line| !line.trim().is_empty());
        let plain = || lines().filter(|line| !line.starts_with('{'));
        let lines: Vec<_> = if plain().next().is_some() { plain().collect() } else { lines().collect() };
        let bounded = |line: &&str| line.chars().take(TAIL_WIDTH).collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].iter().map(bounded).collect()
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

    #[test]
    fn people_see_why_a_process_could_not_begin() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path().join("part.log"));
        let write = |text: &str| journal.open().unwrap().write_all(text.as_bytes()).unwrap();
        write("old words\n");
        let from = journal.length();
        write("{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(journal.tail(from), ["{\"a\":1}", "{\"a\":2}"]);
        write("error: no such option\n\n{\"a\":3}\n");
        assert_eq!(journal.tail(from), ["error: no such option"]);
        assert!(journal.tail(journal.length() + 1).is_empty());
    }
}
