//! Images of this machine's own programs: no registry is in reach, and none is needed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{dockerd::Dockerd, program};

/// An image in the engine, removed when this is dropped.
#[derive(Debug)]
pub struct Image {
    /// Its name, `slipway-test-<kind>`.
    pub name: String,
}

impl Image {
    /// An image that runs the specimen with these words, and exposes these ports.
    pub fn specimen(kind: &str, words: &[&str], ports: &[u16]) -> Result<Self> {
        let stage = TempDir::new()?;
        put(&program::ours("specimen")?, Path::new("bin/specimen"), stage.path())?;
        put(Path::new("/bin/bash"), Path::new("bin/bash"), stage.path())?;
        let command: Vec<&str> = ["/bin/specimen"].into_iter().chain(words.iter().copied()).collect();
        let mut changes = vec![format!("CMD {}", serde_json::to_string(&command)?), "ENV PATH=/bin".to_owned()];
        changes.extend(ports.iter().map(|port| format!("EXPOSE {port}")));
        Self::import(kind, stage.path(), &changes)
    }

    /// Gives it to another engine, too.
    pub fn lend(&self, engine: &Dockerd) -> Result<()> {
        let archive = Command::new("docker").args(["save", &self.name]).output()?;
        let loaded = program::with_input(&mut engine.docker(&["load"]), &archive.stdout)?;
        anyhow::ensure!(loaded.status.success(), "docker load: {}", String::from_utf8_lossy(&loaded.stderr));
        Ok(())
    }

    fn import(kind: &str, folder: &Path, changes: &[String]) -> Result<Self> {
        let image = Self { name: format!("slipway-test-{kind}") };
        let archive = Command::new("tar").args(["-C"]).arg(folder).args(["-cf", "-", "."]).output()?;
        let mut import = Command::new("docker");
        import.arg("import");
        for change in changes {
            import.args(["--change", change]);
        }
        let imported = program::with_input(import.args(["-", &image.name]), &archive.stdout)?;
        anyhow::ensure!(imported.status.success(), "docker import: {}", String::from_utf8_lossy(&imported.stderr));
        Ok(image)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // An image that something still runs stays; the next test replaces it.
        let _ = Command::new("docker").args(["rmi", "--force", &self.name]).output();
    }
}

/// Copies a program, and the libraries it needs, to a folder that becomes the root of an image.
fn put(program: &Path, to: &Path, root: &Path) -> Result<()> {
    copy(program, &root.join(to))?;
    for library in libraries(program)? {
        copy(&library, &root.join(library.strip_prefix("/")?))?;
    }
    Ok(())
}

/// The absolute paths in what `ldd` says: `name => /path (0x1)` and `/loader (0x1)`.
fn libraries(program: &Path) -> Result<BTreeSet<PathBuf>> {
    let listing = program::output(Command::new("ldd").arg(program))?;
    Ok(listing.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("no folder")?)?;
    fs::copy(from, to).with_context(|| from.display().to_string())?;
    Ok(())
}
