//! A small file system that a test can fill.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A file system in memory, gone when this is dropped. Mounting it needs root, which `scripts/test` is.
pub struct Disk {
    mount: TempDir,
}

/// The file that takes the room, until it is dropped.
pub struct Ballast(PathBuf);

impl Disk {
    /// One that holds so many bytes.
    pub fn of(bytes: u64) -> Self {
        let mount = TempDir::new().unwrap();
        let size = format!("size={bytes},mode=0700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "slipway-test"]).arg(mount.path()).status();
        assert!(mounted.unwrap().success(), "a file system can be mounted by root only");
        Self { mount }
    }

    /// Its root.
    pub fn path(&self) -> &Path {
        self.mount.path()
    }

    /// Takes all room that is left.
    pub fn fill(&self) -> Ballast {
        let ballast = Ballast(self.mount.path().join("ballast"));
        let mut file = File::create(&ballast.0).unwrap();
        let block = vec![0; 1 << 12];
        loop {
            match file.write(&block) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return ballast,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Every file on it with its content.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut found, mut folders) = (BTreeMap::new(), vec![self.mount.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if fs::symlink_metadata(&path).unwrap().is_dir() {
                    folders.push(path);
                } else {
                    found.insert(path.clone(), fs::read(&path).unwrap());
                }
            }
        }
        found
    }
}

impl Ballast {
    /// Gives so much room back.
    pub fn give(&self, bytes: u64) {
        let file = File::options().write(true).open(&self.0).unwrap();
        file.set_len(file.metadata().unwrap().len() - bytes).unwrap();
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
        let _ = Command::new("umount").arg("--lazy").arg(self.mount.path()).status();
    }
}
