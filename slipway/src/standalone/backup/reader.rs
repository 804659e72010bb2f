//! Reading a backup, which is believed in nothing that its checksums do not say.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Take},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    manifest::{CHECKSUM, Manifest, NAME},
    sum::Sum,
};

/// The longest manifest: some hundred bytes for each image of each app.
const LONGEST: u64 = 64 << 20;

/// A backup.
pub struct Reader {
    path: PathBuf,
    /// Where each member begins, and how long it is.
    places: BTreeMap<String, (u64, u64)>,
    /// What it says about itself.
    pub manifest: Manifest,
}

impl Reader {
    /// Opens it and reads what it says about itself.
    pub fn open(path: &Path) -> Result<Self> {
        let places = places(path).with_context(|| format!("cannot read {}", path.display()))?;
        let read = |name: &str| -> Result<Vec<u8>> {
            let Some((start, length)) = places.get(name) else {
                bail!("it is cut off, or no backup: it has no {name}");
            };
            ensure!(*length <= LONGEST, "its {name} is damaged");
            let mut content = Vec::new();
            slice(path, *start, *length)?.read_to_end(&mut content)?;
            Ok(content)
        };
        let manifest = || {
            let (text, sum) = (read(NAME)?, read(CHECKSUM)?);
            ensure!(Sum::of(&text).as_bytes() == sum, "its manifest was changed or is cut off");
            Manifest::parse(&text)
        };
        let manifest = manifest().with_context(|| format!("{} cannot be restored", path.display()))?;
        Ok(Self { path: path.to_owned(), places, manifest })
    }

    /// Reads every member and compares it with its checksum.
    pub fn check(&self) -> Result<()> {
        let known =
            |name: &&String| self.manifest.members.contains_key(*name) || [NAME, CHECKSUM].contains(&name.as_str());
        if let Some(stranger) = self.places.keys().find(|name| !known(name)) {
            bail!("it was changed: its manifest knows no {stranger}");
        }
        for (name, member) in &self.manifest.members {
            let mut sum = Sum::default();
            io::copy(&mut self.member(name)?, &mut sum)?;
            ensure!(
                sum.end() == *member,
                "it was changed or is damaged: the checksum of {name} is not what its manifest says"
            );
        }
        Ok(())
    }

    /// The content of a member.
    pub fn member(&self, name: &str) -> Result<Take<File>> {
        let (start, length) =
            self.places.get(name).with_context(|| format!("{} has no {name}", self.path.display()))?;
        slice(&self.path, *start, *length).with_context(|| format!("cannot read {}", self.path.display()))
    }

    /// How long it is.
    pub fn bytes(&self) -> Result<u64> {
        Ok(std::fs::metadata(&self.path)?.len())
    }
}

fn places(path: &Path) -> io::Result<BTreeMap<String, (u64, u64)>> {
    let mut archive = tar::Archive::new(File::open(path)?);
    let mut places = BTreeMap::new();
    for entry in archive.entries_with_seek()? {
        // What is cut off or overwritten ends the list; without the manifest at its end it is refused.
        let Ok(entry) = entry else { break };
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        places.insert(name, (entry.raw_file_position(), entry.size()));
    }
    Ok(places)
}

fn slice(path: &Path, start: u64, length: u64) -> io::Result<Take<File>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    Ok(file.take(length))
}

#[cfg(test)]
mod tests;
