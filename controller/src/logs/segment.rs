//! One file of an app's log: appended to while it is the newest, then only read, then dropped whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{
    Error,
    record::{self, Record},
};

/// A segment's file. It is opened for each batch and closed again: many apps, no open files.
#[derive(Debug)]
pub struct Segment {
    /// `<sequence of its first line, 20 digits>.log`, so that names sort like sequences.
    pub path: PathBuf,
    /// The sequence of its first line.
    pub first: u64,
    /// Its size, of whole records only.
    pub bytes: u64,
}

impl Segment {
    /// A segment that begins with line `first`; its file appears with the first append.
    pub fn new(folder: &Path, first: u64) -> Self {
        Self { path: folder.join(format!("{first:020}.log")), first, bytes: 0 }
    }

    /// A segment whose file begins with `records`. It appears whole or not at all, power cuts included.
    pub fn create(folder: &Path, first: u64, records: &[u8]) -> Result<Self, Error> {
        let mut segment = Self::new(folder, first);
        let draft = segment.path.with_extension("new");
        let write = || {
            let mut file = options().truncate(true).write(true).open(&draft)?;
            file.write_all(records)?;
            file.sync_all()?;
            fs::rename(&draft, &segment.path)
        };
        write().map_err(Error::at(&draft))?;
        segment.bytes = records.len() as u64;
        Ok(segment)
    }

    /// The segments in a folder, oldest first. A folder that does not exist has none.
    pub fn list(folder: &Path) -> Result<Vec<Self>, Error> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Error::at(folder))?,
        };
        let mut segments = Vec::new();
        for entry in entries {
            let path = entry.map_err(Error::at(folder))?.path();
            let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".log")?.parse().ok());
            let Some(first) = number else { continue };
            let bytes = fs::metadata(&path).map_err(Error::at(&path))?.len();
            segments.push(Self { path, first, bytes });
        }
        segments.sort_by_key(|segment| segment.first);
        Ok(segments)
    }

    /// Everything in it that reads as a record.
    pub fn read(&self) -> Result<Vec<Record>, Error> {
        let bytes = self.contents()?;
        Ok(bytes.split_inclusive(|byte| *byte == b'\n').filter_map(whole).collect())
    }

    /// Like `read`, and cuts off what a crash left behind the last whole record.
    pub fn recover(&mut self) -> Result<Vec<Record>, Error> {
        let bytes = self.contents()?;
        let mut length = 0;
        let mut records = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(record) = whole(line) else { break };
            length += line.len() as u64;
            records.push(record);
        }
        self.bytes = length;
        if length < bytes.len() as u64 {
            self.open()?.set_len(length).map_err(Error::at(&self.path))?;
        }
        Ok(records)
    }

    /// Appends whole records. When the disk refuses, the file is cut back to what it was; should even that fail, the
    /// caller has to `recover` before it appends again.
    pub fn append(&mut self, records: &[u8]) -> Result<(), Error> {
        let mut file = self.open()?;
        if let Err(error) = file.write_all(records) {
            file.set_len(self.bytes).map_err(Error::at(&self.path))?;
            return Err(Error::at(&self.path)(error));
        }
        self.bytes += records.len() as u64;
        Ok(())
    }

    /// Drops the file.
    pub fn remove(&self) -> Result<(), Error> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::at(&self.path)(error)),
            _ => Ok(()),
        }
    }

    /// What is in its file; nothing where there is none.
    pub fn contents(&self) -> Result<Vec<u8>, Error> {
        match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            contents => contents.map_err(Error::at(&self.path)),
        }
    }

    fn open(&self) -> Result<File, Error> {
        options().append(true).open(&self.path).map_err(Error::at(&self.path))
    }
}

/// Reads one line of a file as a record, if its end was written too.
fn whole(line: &[u8]) -> Option<Record> {
    line.strip_suffix(b"\n").and_then(record::decode)
}

/// What apps write may be secret: nobody else reads it.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    options
}
