//! The right to write the logs of all apps of one machine, and what only its holder knows.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::watch;
use uuid::Uuid;

use super::{Error, Limits, Line, Resume, app_log::AppLog};

/// Holds the store's lock as long as it lives, so that what it knows of the files is what is in them.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    limits: Limits,
    apps: Mutex<HashMap<Uuid, Arc<Mutex<AppLog>>>>,
    /// Bytes of all apps.
    total: AtomicU64,
    _lock: File,
}

impl Writer {
    /// Takes the lock of the store in `folder`. What a crash left half written is cut off.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self, Error> {
        let lock = lock(folder)?;
        let apps = load(folder)?;
        let total = AtomicU64::new(apps.values().map(|log| held(log).bytes()).sum());
        Ok(Self { folder: folder.to_owned(), limits, apps: Mutex::new(apps), total, _lock: lock })
    }

    /// See [`super::Store::append`].
    pub fn append(&self, app: Uuid, lines: &[Line]) -> Result<(), Error> {
        let log = self.app(app)?;
        self.counted(&log, |log| log.append(lines, &self.limits))?;
        self.keep_total()
    }

    /// See [`super::Store::resume`].
    pub fn resume(&self, app: Uuid, instance: &str) -> Result<Resume, Error> {
        let log = self.app(app)?;
        held(&log).resume(instance)
    }

    /// See [`super::Store::watch`].
    pub fn watch(&self, app: Uuid) -> Result<watch::Receiver<u64>, Error> {
        let log = self.app(app)?;
        Ok(held(&log).watch())
    }

    /// See [`super::Store::retain`].
    pub fn retain(&self, app: Uuid, instances: &BTreeSet<String>) {
        if let Some(log) = self.known(app) {
            held(&log).retain(instances);
        }
    }

    /// See [`super::Store::remove`].
    pub fn remove(&self, app: Uuid) -> Result<(), Error> {
        let log = held(&self.apps).remove(&app);
        log.map_or(Ok(()), |log| self.counted(&log, AppLog::remove))
    }

    fn known(&self, app: Uuid) -> Option<Arc<Mutex<AppLog>>> {
        held(&self.apps).get(&app).cloned()
    }

    /// The log of an app, an empty one when it has none.
    fn app(&self, app: Uuid) -> Result<Arc<Mutex<AppLog>>, Error> {
        let mut apps = held(&self.apps);
        if let Some(log) = apps.get(&app) {
            return Ok(Arc::clone(log));
        }
        let log = Arc::new(Mutex::new(AppLog::load(&self.folder.join(app.to_string()))?));
        apps.insert(app, Arc::clone(&log));
        Ok(log)
    }

    /// Drops the oldest lines of whoever has most, until all fit together.
    fn keep_total(&self) -> Result<(), Error> {
        while self.total.load(Ordering::Relaxed) > self.limits.total {
            let apps: Vec<_> = held(&self.apps).values().cloned().collect();
            let sizes = apps.iter().map(|log| held(log).bytes());
            let Some((size, largest)) = sizes.zip(&apps).max_by_key(|(size, _)| *size) else { break };
            self.counted(largest, AppLog::drop_oldest)?;
            if held(largest).bytes() >= size {
                break;
            }
        }
        Ok(())
    }

    /// Changes a log and counts what that does to the total.
    fn counted<T>(&self, log: &Mutex<AppLog>, change: impl FnOnce(&mut AppLog) -> T) -> T {
        let mut log = held(log);
        let before = log.bytes();
        let outcome = change(&mut log);
        // Wraps around when the log has shrunk, and the sum with it.
        self.total.fetch_add(log.bytes().wrapping_sub(before), Ordering::Relaxed);
        outcome
    }
}

/// A mutex whose holder panicked guards nothing worse than a half-written file, which is mended at the next append.
pub fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let file = File::options().create(true).append(true).open(&path).map_err(Error::at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(Error::at(&path)(error)),
    }
}

fn load(folder: &Path) -> Result<HashMap<Uuid, Arc<Mutex<AppLog>>>, Error> {
    let mut apps = HashMap::new();
    for entry in fs::read_dir(folder).map_err(Error::at(folder))? {
        let path = entry.map_err(Error::at(folder))?.path();
        let app = path.file_name().and_then(|name| Uuid::try_parse(name.to_str()?).ok());
        if let Some(app) = app {
            apps.insert(app, Arc::new(Mutex::new(AppLog::load(&path)?)));
        }
    }
    Ok(apps)
}
