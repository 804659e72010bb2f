//! What has happened on a connection to an instance since the current request began.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use super::upload::Ending;
use crate::watch::Watch;

/// Shared by the connection, its socket and the request's body; all are polled by one task at a time.
#[derive(Debug)]
pub(crate) struct Gauge {
    watch: Arc<Watch>,
    /// Milliseconds that the instance may be silent; 0 while it owes nothing.
    patience: AtomicU64,
    /// A byte of the answer has come: the request has been executed, or is being.
    answered: AtomicBool,
    upload_ended: AtomicBool,
    upload_broken: AtomicBool,
    upload_too_large: AtomicBool,
    /// What is sent may have to be sent again.
    records: AtomicBool,
}

impl Gauge {
    pub fn new(watch: Arc<Watch>) -> Self {
        Self {
            watch,
            patience: AtomicU64::new(0),
            answered: AtomicBool::new(false),
            upload_ended: AtomicBool::new(true),
            upload_broken: AtomicBool::new(false),
            upload_too_large: AtomicBool::new(false),
            records: AtomicBool::new(false),
        }
    }

    /// A request is about to be sent; the instance may be silent for `patience` at a time. `records`: the request may
    /// have to be sent again.
    pub fn begin(&self, patience: Duration, uploads: bool, records: bool) {
        self.patience.store(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX), Relaxed);
        self.answered.store(false, Relaxed);
        self.upload_ended.store(!uploads, Relaxed);
        self.upload_broken.store(false, Relaxed);
        self.upload_too_large.store(false, Relaxed);
        self.records.store(records, Relaxed);
        self.watch.arm(patience);
    }

    /// The answer is complete.
    pub fn end(&self) {
        self.patience.store(0, Relaxed);
        self.watch.disarm();
    }

    /// Bytes came from the instance: now the client has to take them.
    pub fn read(&self) {
        self.answered.store(true, Relaxed);
        self.watch.disarm();
    }

    /// The instance took bytes of the request.
    pub fn written(&self) {
        if let Some(patience) = self.patience() {
            self.watch.arm(patience);
        }
    }

    /// Ready when the instance has been silent for too long.
    pub fn poll_silence(&self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(patience) = self.patience() {
            self.watch.arm_unless_armed(patience);
        }
        self.watch.poll_expired(cx)
    }

    fn patience(&self) -> Option<Duration> {
        let millis = self.patience.load(Relaxed);
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    pub fn timed_out(&self) -> bool {
        self.watch.expired()
    }

    pub fn answered(&self) -> bool {
        self.answered.load(Relaxed)
    }

    /// Whether the bytes that are sent are to be kept.
    pub fn records(&self) -> bool {
        self.records.load(Relaxed)
    }

    pub fn upload_ended(&self) -> bool {
        self.upload_ended.load(Relaxed)
    }

    /// How the request's body ended, or that nothing is wrong with it yet.
    pub fn upload(&self) -> Ending {
        if self.upload_too_large.load(Relaxed) {
            Ending::TooLarge
        } else if self.upload_broken.load(Relaxed) {
            Ending::Broken
        } else {
            Ending::Complete
        }
    }

    pub fn end_upload(&self, ending: Ending) {
        self.upload_ended.store(true, Relaxed);
        self.upload_broken.store(ending == Ending::Broken, Relaxed);
        self.upload_too_large.store(ending == Ending::TooLarge, Relaxed);
    }
}
