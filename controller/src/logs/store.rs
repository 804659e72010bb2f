//! The logs of all apps of one machine.

use std::{
    collections::BTreeSet,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use super::{
    Error, Limits, Line, Piece, Place, Position, Resume, Selection, cursor, sequence,
    writer::{Writer, held},
};

/// Keeps the last lines of every app, within its [`Limits`]. All calls may wait for the disk.
///
/// Anybody may read. The first call that writes takes the lock of the folder; while another process has it, such calls fail
/// with [`Error::InUse`] and work as soon as it is free. A controller that makes room for its successor thus only
/// has to [`release`](Store::release) it.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    limits: Limits,
    writer: Mutex<Option<Arc<Writer>>>,
    appended: broadcast::Sender<Uuid>,
}

/// Hints that a slow listener may leave unread; it is told that it missed some.
const HINTS: usize = 1024;

impl Store {
    /// A store in `folder`, which is made when it is missing.
    pub fn open(folder: impl Into<PathBuf>, limits: Limits) -> Result<Self, Error> {
        let folder = folder.into();
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(Error::at(&folder))?;
        Ok(Self { folder, limits, writer: Mutex::default(), appended: broadcast::Sender::new(HINTS) })
    }

    /// The last `count` lines of an app, in the order in which they were stored.
    pub fn last(&self, app: Uuid, count: usize) -> Result<Vec<Line>, Error> {
        Ok(self.tail(app, count, &Selection::default())?.0)
    }

    /// The last `count` lines of an app that `selection` takes, and the place behind all that is stored.
    pub fn tail(&self, app: Uuid, count: usize, selection: &Selection) -> Result<(Vec<Line>, Place), Error> {
        cursor::tail(&self.folder.join(app.to_string()), count, selection)
    }

    /// What was stored from `place` on, some at a time; moves the place behind it. Nothing when there is no more now.
    pub fn next(&self, app: Uuid, place: &mut Place) -> Result<Vec<Line>, Error> {
        cursor::next(&self.folder.join(app.to_string()), place)
    }

    /// Stores lines of an app in the order given, all or none of them. A full disk is an error like any other: the same
    /// call works again once there is room.
    pub fn append(&self, app: Uuid, lines: &[Line]) -> Result<(), Error> {
        self.writer()?.append(app, lines)?;
        // Nobody listening is fine.
        let _ = self.appended.send(app);
        Ok(())
    }

    /// Whether this process is the one that writes.
    #[must_use]
    pub fn writes(&self) -> bool {
        held(&self.writer).is_some()
    }

    /// Apps of which this process has stored lines.
    #[must_use]
    pub fn appended(&self) -> broadcast::Receiver<Uuid> {
        self.appended.subscribe()
    }

    /// The number of the line that an app stores next, counted from 0.
    pub fn end(&self, app: Uuid) -> Result<u64, Error> {
        sequence::end(&self.folder.join(app.to_string()))
    }

    /// What was stored from `position` on, some at a time, and what was dropped before it could be read; moves the position
    /// behind it.
    pub fn read_on(&self, app: Uuid, position: &mut Position) -> Result<Piece, Error> {
        sequence::next(&self.folder.join(app.to_string()), position)
    }

    /// Where to go on reading an instance of an app.
    pub fn resume(&self, app: Uuid, instance: &str) -> Result<Resume, Error> {
        self.writer()?.resume(app, instance)
    }

    /// Tells the sequence of an app's next line, and whenever it changes.
    pub fn watch(&self, app: Uuid) -> Result<watch::Receiver<u64>, Error> {
        self.writer()?.watch(app)
    }

    /// Says which instances of an app still exist, by name: how far others were read need not be known any longer.
    pub fn retain(&self, app: Uuid, instances: &BTreeSet<String>) -> Result<(), Error> {
        self.writer()?.retain(app, instances);
        Ok(())
    }

    /// Deletes everything of an app.
    pub fn remove(&self, app: Uuid) -> Result<(), Error> {
        self.writer()?.remove(app)
    }

    /// Lets another process write, once the calls under way are done.
    pub fn release(&self) {
        *held(&self.writer) = None;
    }

    fn writer(&self) -> Result<Arc<Writer>, Error> {
        let mut writer = held(&self.writer);
        if let Some(writer) = &*writer {
            return Ok(Arc::clone(writer));
        }
        let fresh = Arc::new(Writer::open(&self.folder, self.limits)?);
        *writer = Some(Arc::clone(&fresh));
        Ok(fresh)
    }
}
