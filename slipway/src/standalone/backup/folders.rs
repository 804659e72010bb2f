//! Lines of apps and records of builds, as they lie on the disk: many small files, which go into one member.

use std::{
    fs, io,
    io::{Read, Write},
    path::{Component, Path},
};

use anyhow::{Context, Result, bail};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use uuid::Uuid;

use crate::standalone::files::{self, Owner};

/// What a record of a build consists of, for whoever asks for its log.
const RECORD: [&str; 3] = ["app", "log", "outcome.json"];

/// What is in a folder of apps or builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The segment store.
    Logs,
    /// Records of builds that have ended.
    Builds,
}

impl Kind {
    /// The member.
    pub fn member(self) -> &'static str {
        match self {
            Self::Logs => "logs.tar.gz",
            Self::Builds => "builds.tar.gz",
        }
    }

    /// Whether a file is worth keeping. Drafts, locks, caches and sandboxes are not.
    fn wants(self, name: &str) -> bool {
        match self {
            Self::Logs => Path::new(name).extension().is_some_and(|extension| extension == "log"),
            Self::Builds => RECORD.contains(&name),
        }
    }

    /// Builds that run have no outcome.
    fn is_whole(self, folder: &Path) -> bool {
        self == Self::Logs || folder.join("outcome.json").exists()
    }
}

/// Writes what is in `root`.
pub fn collect(kind: Kind, root: &Path, out: &mut impl Write) -> Result<()> {
    let mut archive = tar::Builder::new(GzEncoder::new(out, Compression::default()));
    for (name, folder) in entries(root).with_context(|| format!("cannot read {}", root.display()))? {
        if name.parse::<Uuid>().is_err() || !kind.is_whole(&folder) {
            continue;
        }
        for (file, path) in entries(&folder).unwrap_or_default() {
            if kind.wants(&file) {
                append(&mut archive, &format!("{name}/{file}"), &path)?;
            }
        }
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

/// Read at once: it may grow meanwhile, or make room for newer ones.
fn append(archive: &mut tar::Builder<impl Write>, name: &str, path: &Path) -> Result<()> {
    let content = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        content => content.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o600);
    header.set_size(content.len() as u64);
    Ok(archive.append_data(&mut header, name, content.as_slice())?)
}

/// Puts it in `root`, for `owner`.
pub fn restore(member: impl Read, root: &Path, owner: Owner, mode: u32) -> Result<()> {
    each(member, |folder, file, content| {
        let folder = root.join(folder);
        files::ensure_folder(&folder, owner, mode)?;
        Ok(files::write(&folder.join(file), content, owner, 0o600)?)
    })
}

/// Reads all of it.
pub fn check(member: impl Read) -> Result<()> {
    each(member, |_, _, _| Ok(()))
}

fn each(member: impl Read, mut take: impl FnMut(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    for entry in tar::Archive::new(GzDecoder::new(member)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let parts: Vec<_> = path.components().collect();
        let (Some(folder), Some(file)) = (normal(parts.first()), normal(parts.get(1))) else {
            bail!("{} is no file of an app or a build", path.display());
        };
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        take(folder, file, &content)?;
    }
    Ok(())
}

fn normal<'a>(part: Option<&Component<'a>>) -> Option<&'a str> {
    match part {
        Some(Component::Normal(name)) => name.to_str(),
        _ => None,
    }
}

fn entries(folder: &Path) -> io::Result<Vec<(String, std::path::PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let named = entries.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn records_of_ended_builds_come_back_without_what_ran() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (ended, running) = (Uuid::from_u128(1).to_string(), Uuid::from_u128(2).to_string());
        for name in ["app", "log", "outcome.json", "alive"] {
            fs::create_dir_all(from.path().join(&ended)).unwrap();
            fs::write(from.path().join(&ended).join(name), name).unwrap();
        }
        fs::create_dir_all(from.path().join(&running)).unwrap();
        fs::write(from.path().join(&running).join("log"), "half").unwrap();
        let mut member = Vec::new();
        collect(Kind::Builds, from.path(), &mut member).unwrap();
        check(member.as_slice()).unwrap();
        assert!(check(&member[..member.len() / 2]).is_err());

        let metadata = fs::metadata(to.path()).unwrap();
        let owner = Owner { uid: metadata.uid(), gid: metadata.gid() };
        restore(member.as_slice(), to.path(), owner, 0o711).unwrap();
        let mut names: Vec<_> = entries(&to.path().join(&ended)).unwrap().into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, RECORD);
        assert!(!to.path().join(running).exists());
    }

    #[test]
    fn nothing_gets_out_of_its_folder() {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..5].copy_from_slice(b"../up");
        header.set_size(0);
        header.set_cksum();
        archive.append(&header, io::empty()).unwrap();
        let member = archive.into_inner().unwrap().finish().unwrap();
        assert_eq!(check(member.as_slice()).unwrap_err().to_string(), "../up is no file of an app or a build");
    }
}
