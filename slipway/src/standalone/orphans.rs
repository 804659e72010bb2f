//! Parts that run without a supervisor: those of one that was killed.

use anyhow::{Context, Result};

use super::{
    lock::Lock,
    part::{Occasion, Part},
    paths::Paths,
    process::Mark,
};

/// Stops them in order. The lock shows that no supervisor could start them again meanwhile.
pub async fn stop(_lock: &Lock, paths: &Paths) -> Result<Vec<Part>> {
    let mut stopped = Vec::new();
    for part in Part::ALL.into_iter().rev() {
        let mark = Mark::new(paths.mark(part.name()));
        for mark in mark.leaving().iter().chain([&mark]) {
            if stop_holders(part, mark).await.with_context(|| format!("cannot stop the {part}"))? {
                stopped.push(part);
            }
        }
    }
    stopped.dedup();
    Ok(stopped)
}

async fn stop_holders(part: Part, mark: &Mark) -> Result<bool> {
    let mut stopped = false;
    while let Some(process) = mark.process()? {
        process.stop(part.stop_signal(), part.grace(Occasion::Stop)).await?;
        stopped = true;
    }
    Ok(stopped)
}
