//! Collecting garbage: now and then, and within limits.

use std::{fs, time::Duration};

use super::Repository;

/// A push is a pack; with more of them everything becomes slow.
const PACKS: usize = 20;
/// A repository that takes longer is tried again after the next push.
const LONGEST: Duration = Duration::from_mins(5);

impl Repository {
    /// Packs it anew when it has become scattered. Pushes go on meanwhile.
    pub async fn collect(&self) {
        if self.packs() < PACKS {
            return;
        }
        let mut program = match self.gc() {
            Ok(program) => program,
            Err(error) => return tracing::warn!(%error, "cannot run git gc"),
        };
        if tokio::time::timeout(LONGEST, program.wait()).await.is_err() {
            program.kill();
            // It is dead; this only takes note of it.
            let _ = program.wait().await;
        }
    }

    fn packs(&self) -> usize {
        let Ok(entries) = fs::read_dir(self.path().join("objects/pack")) else { return 0 };
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "pack")).count()
    }
}
