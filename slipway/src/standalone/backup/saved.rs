//! The archive in which an engine hands out images: whether it is whole can be told without an engine, because ids of images
//! and layers are their checksums.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::sum::Sum;

/// A longer file is a layer.
const LONGEST_TEXT: u64 = 4 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: PathBuf,
    layers: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

/// What was read of an archive.
#[derive(Default)]
struct Archive {
    sums: BTreeMap<PathBuf, String>,
    links: BTreeMap<PathBuf, PathBuf>,
    texts: BTreeMap<PathBuf, Vec<u8>>,
}

/// The ids of the images in it, each of which is whole.
pub fn ids(archive: impl Read) -> Result<BTreeSet<String>> {
    let archive = Archive::read(archive)?;
    let list = archive.texts.get(Path::new("manifest.json")).context("the list of images is missing")?;
    let list: Vec<Entry> = serde_json::from_slice(list).context("the list of images is damaged")?;
    for entry in &list {
        archive.check(entry).with_context(|| format!("the image {} is damaged", entry.config.display()))?;
    }
    // An engine calls an image by the checksum of its config, or by that of what lists it.
    let texts = archive.texts.keys().filter_map(|path| archive.sums.get(path));
    Ok(texts.map(|sum| format!("sha256:{sum}")).collect())
}

impl Archive {
    fn read(archive: impl Read) -> Result<Self> {
        let mut seen = Self::default();
        for entry in tar::Archive::new(archive).entries()? {
            let mut entry = entry?;
            let path = plain(Path::new(""), &entry.path()?);
            if let Some(target) = entry.link_name()? {
                let base = if entry.header().entry_type().is_symlink() { path.parent() } else { None };
                let target = plain(base.unwrap_or(Path::new("")), &target);
                seen.links.insert(path, target);
            } else if entry.header().entry_type().is_file() {
                seen.add(path, &mut entry)?;
            }
        }
        Ok(seen)
    }

    fn add(&mut self, path: PathBuf, entry: &mut (impl Read + Sized)) -> io::Result<()> {
        let mut sum = Sum::default();
        let mut text = Vec::new();
        entry.take(LONGEST_TEXT).read_to_end(&mut text)?;
        sum.write_all(&text)?;
        io::copy(entry, &mut sum)?;
        self.sums.insert(path.clone(), sum.end().sha256);
        if matches!(text.first(), Some(b'{' | b'[')) {
            self.texts.insert(path, text);
        }
        Ok(())
    }

    fn check(&self, entry: &Entry) -> Result<()> {
        let sum = self.sums.get(&entry.config).context("its config is missing")?;
        let named = entry.config.file_stem().is_some_and(|name| name == sum.as_str());
        ensure!(named, "its config is not what its id says");
        let config = self.texts.get(&entry.config).context("its config is no text")?;
        let config: Config = serde_json::from_slice(config).context("its config is damaged")?;
        ensure!(config.rootfs.diff_ids.len() == entry.layers.len(), "a layer is missing");
        for (layer, wanted) in entry.layers.iter().zip(&config.rootfs.diff_ids) {
            let place = self.links.get(layer).unwrap_or(layer);
            let sum = self.sums.get(place).context("a layer is missing")?;
            // One that is stored compressed is named by what it is.
            let is_named = place.file_name().is_some_and(|name| name == sum.as_str());
            ensure!(is_named || *wanted == format!("sha256:{sum}"), "a layer is not what its id says");
        }
        Ok(())
    }
}

/// The path without `.` and `..`.
fn plain(base: &Path, path: &Path) -> PathBuf {
    let mut plain = base.to_owned();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::Normal(name) => plain.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(layer: &[u8], wanted: &str) -> Vec<u8> {
        let config = format!(r#"{{"rootfs":{{"diff_ids":["sha256:{wanted}","sha256:{wanted}"]}}}}"#);
        let name = format!("{}.json", Sum::of(config.as_bytes()));
        let list = format!(r#"[{{"Config":"{name}","RepoTags":null,"Layers":["a/layer.tar","b/layer.tar"]}}]"#);
        let mut archive = tar::Builder::new(Vec::new());
        for (name, content) in [("a/layer.tar", layer), (&name, config.as_bytes()), ("manifest.json", list.as_bytes())]
        {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, name, content).unwrap();
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, "b/layer.tar", "../a/layer.tar").unwrap();
        archive.into_inner().unwrap()
    }

    #[test]
    fn an_image_is_what_its_id_says() {
        let layer = vec![7; 5 << 20];
        let found = ids(archive(&layer, &Sum::of(&layer)).as_slice()).unwrap();
        assert!(found.iter().all(|id| id.starts_with("sha256:")) && found.len() == 2, "{found:?}");
        let error = format!("{:#}", ids(archive(b"other", &Sum::of(&layer)).as_slice()).unwrap_err());
        assert!(error.ends_with("a layer is not what its id says"), "{error}");
        let cut = archive(&layer, &Sum::of(&layer));
        assert!(ids(&cut[..cut.len() / 2]).is_err());
    }
}
