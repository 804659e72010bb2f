//! The log of one app: its segments, how far each instance was read, and the sequence of its lines.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use chrono::DateTime;
use tokio::sync::watch;

use super::{
    Error, Limits, Line, Resume,
    record::{self, Mark, Record, nanos},
    resume::OVERLAP,
    segment::Segment,
};

/// One app's log.
#[derive(Debug)]
pub struct AppLog {
    folder: PathBuf,
    /// Only read and dropped, oldest first.
    older: Vec<Segment>,
    /// Appended to. It begins with a mark of every instance read so far, so that it alone tells where to go on.
    newest: Segment,
    /// How far each instance was read, by its name.
    marks: HashMap<String, Mark>,
    /// The sequence of the next line.
    next: watch::Sender<u64>,
    /// What is in memory need not be what is in the newest file: not read yet, or a write failed.
    torn: bool,
}

impl AppLog {
    /// Reads what there is, and mends what a crash left.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let mut older = Segment::list(folder)?;
        let newest = older.pop().unwrap_or_else(|| Segment::new(folder, 0));
        let (marks, next) = (HashMap::new(), watch::Sender::new(0));
        let mut log = Self { folder: folder.to_owned(), older, newest, marks, next, torn: true };
        log.mend()?;
        Ok(log)
    }

    /// Bytes on the disk.
    pub fn bytes(&self) -> u64 {
        self.older.iter().map(|segment| segment.bytes).sum::<u64>() + self.newest.bytes
    }

    /// Tells the sequence of the next line, and whenever it changes.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }

    /// Stores lines at the end, all or none of them.
    pub fn append(&mut self, lines: &[Line], limits: &Limits) -> Result<(), Error> {
        self.mend()?;
        let mut bytes = Vec::new();
        for line in lines {
            record::encode_line(line, &mut bytes);
        }
        self.make_room(bytes.len() as u64, limits)?;
        self.torn = true;
        self.newest.append(&bytes)?;
        self.torn = false;
        for line in lines {
            note(&mut self.marks, line);
        }
        self.next.send_modify(|next| *next += lines.len() as u64);
        Ok(())
    }

    /// Where to go on reading an instance.
    pub fn resume(&self, instance: &str) -> Result<Resume, Error> {
        let Some(latest) = self.marks.get(instance) else { return Ok(Resume::default()) };
        let records = self.newest.read()?;
        let floor = records.iter().find_map(|record| match record {
            Record::Mark(mark) if mark.instance == instance => Some(mark.clone()),
            _ => None,
        });
        let overlap = i64::try_from(OVERLAP.as_nanos()).unwrap_or(i64::MAX);
        let since = latest.at.saturating_sub(overlap).max(floor.as_ref().map_or(i64::MIN, |floor| floor.at));
        let before = floor.filter(|floor| floor.at == since).map_or(0, |floor| floor.count);
        let lines = records.into_iter().filter_map(Record::line);
        let within = lines.filter(|line| line.source.instance == instance && nanos(line.at) >= since).count();
        Ok(Resume { since: Some(DateTime::from_timestamp_nanos(since)), stored: before + within })
    }

    /// Forgets how far instances were read that exist no more.
    pub fn retain(&mut self, instances: &BTreeSet<String>) {
        self.marks.retain(|instance, _| instances.contains(instance));
    }

    /// Drops the oldest segment; where it is the only one, a new one begins.
    pub fn drop_oldest(&mut self) -> Result<(), Error> {
        if self.older.is_empty() {
            self.begin_segment()?;
        }
        if let Some(oldest) = self.older.first() {
            oldest.remove()?;
            self.older.remove(0);
        }
        Ok(())
    }

    /// Deletes everything.
    pub fn remove(&mut self) -> Result<(), Error> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::at(&self.folder)(error)),
            _ => {}
        }
        self.older.clear();
        self.newest = Segment::new(&self.folder, *self.next.borrow());
        Ok(())
    }

    fn make_room(&mut self, incoming: u64, limits: &Limits) -> Result<(), Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(Error::at(&self.folder))?;
        if self.newest.bytes > 0 && self.newest.bytes + incoming > limits.segment {
            self.begin_segment()?;
        }
        while self.bytes() + incoming > limits.per_app && !self.older.is_empty() {
            self.drop_oldest()?;
        }
        Ok(())
    }

    /// Appends go to a new segment from now on, unless the newest holds no line yet.
    fn begin_segment(&mut self) -> Result<(), Error> {
        let next = *self.next.borrow();
        if self.newest.first == next {
            return Ok(());
        }
        let mut marks = Vec::new();
        for mark in self.marks.values() {
            record::encode_mark(mark, &mut marks);
        }
        let fresh = Segment::create(&self.folder, next, &marks)?;
        self.older.push(std::mem::replace(&mut self.newest, fresh));
        Ok(())
    }

    /// Makes memory and the newest file agree again.
    fn mend(&mut self) -> Result<(), Error> {
        if !self.torn {
            return Ok(());
        }
        let mut next = self.newest.first;
        for record in self.newest.recover()? {
            match record {
                Record::Mark(mark) => drop(self.marks.insert(mark.instance.clone(), mark)),
                Record::Line(line) => {
                    next += 1;
                    note(&mut self.marks, &line);
                }
            }
        }
        self.next.send_if_modified(|current| std::mem::replace(current, next) != next);
        self.torn = false;
        Ok(())
    }
}

/// Moves the mark of the instance that wrote `line`.
fn note(marks: &mut HashMap<String, Mark>, line: &Line) {
    let (instance, at) = (&line.source.instance, nanos(line.at));
    match marks.get_mut(instance) {
        Some(mark) if at < mark.at => {}
        Some(mark) if at == mark.at => mark.count += 1,
        _ => drop(marks.insert(instance.clone(), Mark { instance: instance.clone(), at, count: 1 })),
    }
}
