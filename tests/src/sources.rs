//! Our own Rust sources, for the tests that hold them to the rules of ARCHITECTURE.md and CONTRIBUTING.md.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The crates of the workspace; every folder with Rust in it is one.
pub const CRATES: [&str; 7] = ["api", "builder", "cli", "controller", "router", "slipway", "tests"];

/// One source file.
#[derive(Debug)]
pub struct Source {
    /// From the top of the repository, as in `controller/src/db/app.rs`.
    pub path: String,
    /// Everything in it.
    pub text: String,
}

impl Source {
    /// Everything but comments.
    #[must_use]
    pub fn code(&self) -> String {
        self.lines().flat_map(|(_, line)| [line, "\n"]).collect()
    }

    /// The lines that ship, numbered from 1, without comments.
    pub fn production(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.tests_begin();
        self.lines().filter(move |(line, _)| *line < end)
    }

    /// The lines of tests, numbered from 1, without comments.
    pub fn tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let begin = self.tests_begin();
        self.lines().filter(move |(line, _)| *line >= begin)
    }

    /// A string that holds `//` is cut like a comment, which no rule minds.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line.split("//").next().unwrap_or(line)))
    }

    /// The first line of tests: 1 where only tests live, one past the end where there are none.
    fn tests_begin(&self) -> usize {
        if self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.ends_with("tests.rs") {
            return 1;
        }
        let begin = self.text.lines().position(|line| line.starts_with("#[cfg(test)]"));
        begin.unwrap_or_else(|| self.text.lines().count()) + 1
    }
}

/// The top of the repository. Asked for at run time: clones may share one build folder, where what was compiled for one of
/// them is taken for the others.
#[must_use]
pub fn repository() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    package.join("..")
}

/// Every Rust source of ours, in the order of their paths.
pub fn all() -> Result<Vec<Source>> {
    let mut paths = Vec::new();
    for folder in CRATES {
        collect(&repository().join(folder), &mut paths)?;
    }
    paths.sort();
    paths.iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

fn read(path: &PathBuf) -> Result<Source> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let path = path.strip_prefix(repository())?.display().to_string();
    Ok(Source { path, text })
}
