//! The folder in which a buildpack keeps things from push to push.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::super::{
    files::{self, Measure},
    job::BuildJob,
    layout, log,
};

/// An open cache.
pub struct Cache {
    path: PathBuf,
    before: Option<Measure>,
}

impl Cache {
    /// The app's cache, or an empty folder where `DEIS_DISABLE_CACHE` says so; then what was kept is removed.
    pub fn open(job: &BuildJob) -> Result<Self> {
        let kept = Path::new(layout::CACHE).join("buildpack");
        let disabled = job.is_set("DEIS_DISABLE_CACHE");
        if disabled {
            files::remove(&kept)?;
        }
        let path = if disabled { Path::new(layout::WORK).join("cache") } else { kept };
        std::fs::create_dir_all(&path)?;
        let before = (!disabled).then(|| files::measure(&path));
        if let Some(before) = before {
            log::step("Restoring cache...");
            log::detail(match before.files {
                0 => "No cache file found. If this is the first deploy, it will be created now.",
                _ => "Done!",
            });
        }
        files::give(&path)?;
        Ok(Self { path, before })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says what became of it. It lies where the next build finds it already.
    pub fn close(&self) {
        let Some(before) = self.before else { return };
        log::step("Checking for changes inside the cache directory...");
        let after = files::measure(&self.path);
        if after.files == 0 {
            log::detail("No files were added to the cache folder, cache wasn't updated");
        } else if after == before {
            log::detail("Cache unchanged, not updating");
        } else {
            log::detail("Files inside cache folder changed, uploading new cache...");
            log::detail(&format!("Done: Uploaded cache ({})", log::size(after.bytes)));
        }
    }
}
