//! The app's store, which must not grow with every push.

use std::path::Path;

use anyhow::{Context, Result};

use super::{buildah, files, layout, log};

/// A store larger than this is begun anew: the next build takes longer once.
const LARGEST: u64 = 2 << 30;

/// A store that has grown too large, and what a build that was cut off left behind.
pub fn before() -> Result<()> {
    let root = Path::new(layout::STORE);
    // Before anything opens the store: that would mount a part of it.
    if files::measure(root).bytes > LARGEST {
        log::step("Beginning with an empty image cache");
        empty(root)?;
    }
    // Containers are only ever a build's own.
    buildah::ask(&["rm", "--all"]).context("the image cache cannot be opened")?;
    Ok(())
}

/// Removes the images that the next build of the same source could not use.
pub fn after() {
    // What stays too long is found by `before`.
    let _ = buildah::ask(&["rm", "--all"]);
    let _ = buildah::ask(&["rmi", "--prune", "--force"]);
}

/// The folder itself is mounted and stays.
fn empty(root: &Path) -> Result<()> {
    for entry in std::fs::read_dir(root)? {
        files::remove(&entry?.path())?;
    }
    Ok(())
}
