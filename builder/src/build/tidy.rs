//! The app's store, which must not grow with every push, nor outlive what it was made over.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{buildah, files, layout, log};

/// A store larger than this is begun anew: the next build takes longer once.
const LARGEST: u64 = 2 << 30;

/// In the app's store: the layers of stack images that its own may lie over, one a line.
const OVER: &str = "slipway-over";

/// A store that has grown too large or lies over stack images that are gone, and what a build that was cut off left
/// behind.
pub fn before() -> Result<()> {
    let root = Path::new(layout::STORE);
    // Before anything opens the store: that would mount a part of it.
    let shared = layers(Path::new(layout::STACKS))?;
    if files::measure(root).bytes > LARGEST || !is_over(root, &shared) {
        log::step("Beginning with an empty image cache");
        empty(root)?;
    }
    let lines = shared.into_iter().collect::<Vec<_>>().join("\n");
    files::write(&root.join(OVER), lines.as_bytes(), 0o644)?;
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

/// False when a layer is gone that those of this store may lie over: buildah would find them by their digests, and fail.
fn is_over(root: &Path, shared: &BTreeSet<String>) -> bool {
    let known = std::fs::read_to_string(root.join(OVER)).unwrap_or_default();
    known.lines().all(|layer| shared.contains(layer))
}

/// The layers of the images in a store.
fn layers(store: &Path) -> Result<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Layer {
        id: String,
    }
    let path = store.join("overlay-layers/layers.json");
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let layers: Vec<Layer> = serde_json::from_slice(&text).context("the list of layers of stack images is damaged")?;
    Ok(layers.into_iter().map(|layer| layer.id).collect())
}

/// The folder itself is mounted and stays.
fn empty(root: &Path) -> Result<()> {
    for entry in std::fs::read_dir(root)? {
        files::remove(&entry?.path())?;
    }
    Ok(())
}
