//! Finding PostgreSQL's programs on this machine.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::super::tool;

/// Where Debian puts each major version's programs, in `<major>/bin`.
const DEBIAN: &str = "/usr/lib/postgresql";
/// What a folder must hold to be taken.
const NEEDED: [&str; 2] = ["initdb", "postgres"];
/// The oldest major version with everything the controller's SQL uses.
const OLDEST: u32 = 14;

/// The programs of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
    /// The major version, which the data must have been made by.
    pub major: u32,
}

impl Programs {
    /// In `named`, or else where Debian has them (the newest), or else on the PATH.
    pub fn find(named: Option<&PathBuf>) -> Result<Self> {
        let folder = match named {
            Some(folder) => {
                ensure!(is_complete(folder), "{} does not hold {}", folder.display(), NEEDED.join(" and "));
                folder.clone()
            }
            None => newest(Path::new(DEBIAN)).or_else(on_path).context(
                "PostgreSQL's programs are missing: install them (apt-get install postgresql), name their folder with \
                 --pg-bin, or use another server with --database-url",
            )?,
        };
        let major = major(&tool::run(Command::new(folder.join("postgres")).arg("--version"))?)?;
        ensure!(major >= OLDEST, "PostgreSQL {major} in {} is too old: {OLDEST} or newer is needed", folder.display());
        Ok(Self { folder, major })
    }

    /// The server.
    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// Another program of the same version.
    pub fn tool(&self, name: &str) -> Result<PathBuf> {
        let program = self.folder.join(name);
        ensure!(
            program.is_file(),
            "{} is missing: install it (apt-get install postgresql-client-{})",
            program.display(),
            self.major
        );
        Ok(program)
    }

    /// What creates the data.
    pub fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }
}

fn is_complete(folder: &Path) -> bool {
    NEEDED.iter().all(|program| folder.join(program).is_file())
}

fn newest(root: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(root).ok()?.flatten();
    let numbered = versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    let complete = numbered.map(|(major, path)| (major, path.join("bin"))).filter(|(_, bin)| is_complete(bin));
    complete.max_by_key(|(major, _)| *major).map(|(_, bin)| bin)
}

fn on_path() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| is_complete(folder))
}

/// From `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`, or `17beta2` where the point stands.
fn major(version: &str) -> Result<u32> {
    let number = version.split_whitespace().nth(2).unwrap_or_default();
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().with_context(|| format!("`{}` names no version", version.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_newest_complete_version() {
        let root = tempfile::tempdir().unwrap();
        for (version, programs) in [("9.6", &NEEDED[..]), ("13", &NEEDED), ("15", &NEEDED), ("16", &["postgres"])] {
            let bin = root.path().join(version).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            for program in programs {
                std::fs::write(bin.join(program), "").unwrap();
            }
        }
        assert_eq!(newest(root.path()), Some(root.path().join("15/bin")));
        let error = Programs::find(Some(&root.path().join("16/bin"))).unwrap_err().to_string();
        assert!(error.ends_with("does not hold initdb and postgres"), "{error}");
    }

    #[test]
    fn reads_versions() {
        assert_eq!(major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n").unwrap(), 15);
        assert_eq!(major("postgres (PostgreSQL) 17beta2").unwrap(), 17);
        assert!(major("postgres").is_err());
    }
}
