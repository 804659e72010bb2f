//! The spinner behind work that is under way.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;

use super::{clean, stream::Stream};

/// Deis's frames, all of one width.
const FRAMES: [&str; 4] = ["...", "o..", ".o.", "..o"];
/// Overwrites a frame, and leaves the cursor where it began.
const BLANK: &str = "   \x08\x08\x08";
const PERIOD: Duration = Duration::from_millis(400);

/// Work that was announced and is not done yet. Dropped, it leaves its line open: the error follows there.
#[must_use]
pub struct Progress {
    out: Stream,
    spinner: Option<JoinHandle<()>>,
    midline: Arc<AtomicBool>,
}

impl Progress {
    /// Starts to turn on a terminal; into a pipe nothing is written until the end.
    pub(super) fn start(out: Stream, midline: Arc<AtomicBool>) -> Self {
        midline.store(true, Ordering::Relaxed);
        Self { out, spinner: out.terminal.then(|| tokio::spawn(turn(out))), midline }
    }

    /// Ends the line.
    pub fn done(mut self, text: &str) -> io::Result<()> {
        self.stop();
        self.out.line(&clean(text))
    }

    fn stop(&mut self) {
        self.midline.store(false, Ordering::Relaxed);
        if let Some(spinner) = self.spinner.take() {
            spinner.abort();
            // A terminal that is gone cannot be tidied up.
            let _ = self.out.write(BLANK.as_bytes());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn turn(out: Stream) {
    for frame in FRAMES.iter().cycle() {
        if out.write(format!("{frame}\x08\x08\x08").as_bytes()).is_err() {
            return;
        }
        tokio::time::sleep(PERIOD).await;
    }
}
