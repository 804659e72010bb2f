//! Writing a backup: a plain tar, so that people can look into it. How long a member is shows only at its end, which is why
//! its header is written twice.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use super::{
    draft::Draft,
    manifest::{CHECKSUM, Manifest, Member, NAME},
    progress,
    sum::Sum,
};

/// A tar consists of blocks.
const BLOCK: usize = 512;
/// Time between two signs of life while a member is written.
const PERIOD: Duration = Duration::from_secs(10);

/// A backup in the making.
pub struct Writer {
    draft: Draft,
    members: BTreeMap<String, Member>,
    /// Somebody wants the end.
    stop: CancellationToken,
}

impl Writer {
    /// Begins the file that will be `target`.
    pub fn begin(target: &Path, stop: CancellationToken) -> Result<Self> {
        Ok(Self { draft: Draft::begin(target)?, members: BTreeMap::new(), stop })
    }

    /// Begins a member.
    pub fn member(&mut self, name: impl Into<String>) -> Result<Sink<'_>> {
        let start = self.draft.file.stream_position()?;
        // Taken by the header.
        self.draft.file.seek(SeekFrom::Start(start + BLOCK as u64))?;
        Ok(Sink { writer: self, name: name.into(), start, sum: Sum::default(), told: Instant::now(), broken: false })
    }

    /// Writes a member that is there already.
    pub fn put(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let mut sink = self.member(name)?;
        sink.write_all(content)?;
        sink.end().map(drop)
    }

    /// Begins anew.
    pub fn reset(&mut self) -> Result<()> {
        self.members.clear();
        self.draft.file.set_len(0)?;
        self.draft.file.rewind()?;
        Ok(())
    }

    /// What was written so far.
    pub fn members(&self) -> BTreeMap<String, Member> {
        self.members.clone()
    }

    /// Writes the manifest and the end. The file still has to prove good.
    pub fn finish(mut self, manifest: &Manifest) -> Result<Draft> {
        let text = serde_json::to_vec_pretty(manifest)?;
        self.put(NAME, &text)?;
        self.put(CHECKSUM, Sum::of(&text).as_bytes())?;
        let ended = self.draft.file.write_all(&[0; 2 * BLOCK]).and_then(|()| self.draft.file.sync_all());
        ended.map_err(|error| in_words(error, self.draft.path())).context("cannot write the backup")?;
        Ok(self.draft)
    }
}

/// Takes the content of a member.
pub struct Sink<'a> {
    writer: &'a mut Writer,
    name: String,
    start: u64,
    sum: Sum,
    told: Instant,
    broken: bool,
}

impl Sink<'_> {
    /// The member is whole. Answers its length.
    pub fn end(self) -> Result<u64> {
        let (file, member) = (&mut self.writer.draft.file, self.sum.end());
        let (ended, bytes) = (end(file, &self.name, self.start, member.bytes), member.bytes);
        ended.map_err(|error| in_words(error, self.writer.draft.path())).context("cannot write the backup")?;
        self.writer.members.insert(self.name, member);
        Ok(bytes)
    }

    /// Nothing could be written any more.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// There is no such member after all.
    pub fn discard(self) -> Result<()> {
        let file = &mut self.writer.draft.file;
        file.set_len(self.start)?;
        file.seek(SeekFrom::Start(self.start))?;
        Ok(())
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.broken = true;
        if self.writer.stop.is_cancelled() {
            return Err(io::Error::other("stopped by a signal"));
        }
        let written = self.writer.draft.file.write(content);
        let written = written.map_err(|error| in_words(error, self.writer.draft.path()))?;
        self.broken = false;
        self.sum.write_all(&content[..written])?;
        if self.told.elapsed() >= PERIOD {
            self.told = Instant::now();
            progress::say(format_args!("{}: {} so far", self.name, progress::size(self.sum.bytes)));
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fills the last block, and goes back to write the header.
fn end(file: &mut File, name: &str, start: u64, bytes: u64) -> io::Result<()> {
    let over = usize::try_from(bytes % BLOCK as u64).map_err(io::Error::other)?;
    file.write_all(&[0; BLOCK][over..][..(BLOCK - over) % BLOCK])?;
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(u64::try_from(chrono::Utc::now().timestamp()).unwrap_or_default());
    header.set_size(bytes);
    header.set_cksum();
    file.seek(SeekFrom::Start(start))?;
    file.write_all(header.as_bytes())?;
    file.seek(SeekFrom::End(0)).map(drop)
}

/// A full disk is the operator's to mend: it is said which one.
fn in_words(error: io::Error, path: &Path) -> io::Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            let folder = path.parent().unwrap_or(path).display();
            io::Error::other(format!("no room is left on the disk of {folder}; make some, or name another place"))
        }
        _ => error,
    }
}
