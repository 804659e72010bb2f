//! OpenSSH's file of host keys that the user trusts.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The file `known_hosts`, which may not be there yet.
pub struct KnownHosts {
    path: PathBuf,
    text: String,
}

impl KnownHosts {
    /// Reads the one in OpenSSH's folder of the user.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("known_hosts");
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            bytes => {
                let bytes = bytes.with_context(|| format!("cannot read {}", path.display()))?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        Ok(Self { path, text })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True when the key is trusted for the host already. Hosts that OpenSSH has hashed are not seen.
    pub fn has(&self, host: &str, key: &str) -> bool {
        self.text.lines().any(|line| {
            let mut words = line.split_ascii_whitespace();
            let hosts = words.next().unwrap_or_default();
            hosts.split(',').any(|one| one == host) && words.take(2).eq(key.split(' '))
        })
    }

    /// Adds lines at the end; what is there stays as it is.
    pub fn append(&self, host: &str, keys: &[&str]) -> Result<()> {
        let mut lines = String::new();
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            lines.push('\n');
        }
        lines.extend(keys.iter().map(|key| format!("{host} {key}\n")));
        self.write(&lines).with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn write(&self, lines: &str) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(&self.path)?;
        let before = file.metadata()?.len();
        file.write_all(lines.as_bytes()).inspect_err(|_| {
            // OpenSSH would stumble over a part of a line.
            let _ = if before == 0 { fs::remove_file(&self.path) } else { file.set_len(before) };
        })
    }
}
