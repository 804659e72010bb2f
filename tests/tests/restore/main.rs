//! The restore drill: a platform in two files, and out of them on a machine that has nothing.

mod bad;
mod drill;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use tempfile::TempDir;
use tests::{standalone::Standalone, user::Said};

/// Where the two files of a backup are.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Result<Self> {
        Ok(Self { folder: TempDir::new()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The words of a command about both.
    fn words<'a>(&'a self, data: &'a str, keys: &'a str, command: &'a [&'a str]) -> Vec<String> {
        let files = [self.text(data), "--keys".to_owned(), self.text(keys)];
        command.iter().map(|word| (*word).to_owned()).chain(files).collect()
    }

    /// Does that, whatever comes of it.
    fn does(&self, platform: &Standalone, data: &str, keys: &str, command: &[&str]) -> Result<Said> {
        let words = self.words(data, keys, command);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        platform.slipway(&words)
    }

    /// Makes the backup, which has to be good.
    fn back_up(&self, platform: &Standalone) -> Result<Said> {
        let said = self.does(platform, "data", "keys", &["backup"])?;
        ensure!(said.code == 0 && said.out.starts_with("Verified: "), "{said}");
        Ok(said)
    }

    /// What is in the folder.
    fn names(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(self.folder.path())?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }
}

/// The bytes of a file, changed.
fn changed(from: &Path, to: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
    let mut content = fs::read(from)?;
    change(&mut content);
    Ok(fs::write(to, content)?)
}
