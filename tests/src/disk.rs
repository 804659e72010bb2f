//! A small file system that a test can fill.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use tempfile::TempDir;

use crate::program;

/// A file system in memory, gone when this is dropped.
pub struct Disk {
    mount: TempDir,
}

/// The file that takes the room.
pub struct Ballast(PathBuf);

impl Disk {
    /// One that holds so many bytes.
    pub fn of(bytes: u64) -> Result<Self> {
        let mount = tempfile::Builder::new().prefix("slipway-disk.").tempdir_in("/tmp")?;
        let size = format!("size={bytes},mode=0755");
        program::output(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "slipway-test"]).arg(mount.path()))?;
        Ok(Self { mount })
    }

    /// Its root.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.mount.path()
    }

    /// Takes all room that is left, until what is answered is dropped.
    pub fn fill(&self) -> Result<Ballast> {
        let ballast = Ballast(self.mount.path().join("ballast"));
        let mut file = File::create(&ballast.0)?;
        let block = vec![0; 1 << 16];
        loop {
            match file.write(&block) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(ballast),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        // It can only be gone already.
        let _ = fs::remove_file(&self.0);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whatever still runs there keeps it alive until it ends.
        let _ = Command::new("umount").arg("--lazy").arg(self.mount.path()).status();
    }
}
