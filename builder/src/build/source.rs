//! Unpacking the source. Only ever inside a sandbox: what a hostile archive reaches there is its own build.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

use super::{buildah, files, layout};

/// Unpacks the source into the tree.
pub fn unpack() -> Result<()> {
    files::remove(Path::new(layout::TREE))?;
    fs::create_dir_all(layout::TREE).context("cannot make a folder for the source")?;
    let arguments = ["--extract", "--no-same-owner", "--same-permissions", "--delay-directory-restore"];
    let output = Command::new("tar")
        .args(arguments)
        .args(["--directory", layout::TREE, "--file", layout::SOURCE])
        .output()
        .context("cannot run tar")?;
    if !output.status.success() {
        bail!("the source cannot be unpacked: {}", buildah::said(&output.stderr));
    }
    Ok(())
}
