//! Stand-in for the builder's own file of this name, dropped when both are merged.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};

/// Makes the host keys that are missing and answers the public lines.
pub fn ensure(dir: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for name in ["ed25519", "ecdsa"] {
        let path = dir.join(name);
        if !path.exists() {
            let made =
                Command::new("ssh-keygen").args(["-q", "-N", "", "-C", "", "-t", name, "-f"]).arg(&path).status();
            ensure!(made.context("cannot run ssh-keygen")?.success(), "ssh-keygen failed");
        }
        lines.push(std::fs::read_to_string(path.with_extension("pub"))?.trim().to_owned());
    }
    Ok(lines)
}
