//! A file that has its name only once it is whole and good. Whatever bore the name before keeps it until then.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// A file in the making, gone when this is dropped.
pub struct Draft {
    path: PathBuf,
    target: PathBuf,
    /// Open for reading and writing.
    pub file: File,
}

impl Draft {
    /// Begins what will be `target`, for root alone. What an earlier try left is removed.
    pub fn begin(target: &Path) -> Result<Self> {
        let name = target.file_name().with_context(|| format!("{} names no file", target.display()))?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(".partial");
        let path = target.with_file_name(hidden);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path),
        }
        .map(|file| Self { path: path.clone(), target: target.to_owned(), file })
        .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Where it is now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, on disk before this returns.
    pub fn keep(self) -> Result<()> {
        let named = || {
            self.file.sync_all()?;
            fs::rename(&self.path, &self.target)?;
            let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        named().with_context(|| format!("cannot write {}", self.target.display()))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It is gone already when it has its name.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn only_what_is_whole_bears_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("backup.tar");
        fs::write(&target, "yesterday's").unwrap();
        let mut draft = Draft::begin(&target).unwrap();
        draft.file.write_all(b"half of today's").unwrap();
        drop(draft);
        assert_eq!(fs::read_to_string(&target).unwrap(), "yesterday's");

        let mut draft = Draft::begin(&target).unwrap();
        draft.file.write_all(b"today's").unwrap();
        draft.keep().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "today's");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
