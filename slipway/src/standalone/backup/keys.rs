//! The keys of an installation: what must not be in the same place as the data, because it opens them.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use controller::vault::Vault;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{draft::Draft, manifest::FORMAT, sum::Sum};
use crate::standalone::{
    accounts::Accounts,
    files::{self, Owner},
    paths::Paths,
};

/// The one without which nothing can be read.
const KEY: &str = "key";
/// Where the host keys of SSH are.
const SSH: &str = "ssh";
/// What else cannot be made again, or would have to be given out again. Everything that is missing after a restore is made
/// at the first start.
const SECRETS: [&str; 6] =
    ["router.key", "router.credential", "builder.credential", "builder.key", "bootstrap.token", DRAINS];
/// Where the operator has logs sent to: URLs with secrets in them.
const DRAINS: &str = "drains";

/// Longest file of keys: what is longer is something else, such as the data.
const LONGEST: u64 = 1 << 20;

/// The keys in a file.
#[derive(Serialize, Deserialize)]
pub struct Keys {
    format: u32,
    /// Whose they are.
    pub installation: Uuid,
    /// Text by name, as in the folder of keys.
    files: BTreeMap<String, String>,
    /// Of all of them.
    sha256: String,
}

impl Keys {
    /// Those that an installation has.
    pub fn of(paths: &Paths, installation: Uuid) -> Result<Self> {
        let mut found = BTreeMap::new();
        for name in [KEY].into_iter().chain(SECRETS) {
            let text = files::read(&paths.config.join(name)).with_context(|| format!("cannot read the {name}"))?;
            found.extend(text.map(|text| (name.to_owned(), text)));
        }
        for name in host_keys(&paths.host_keys()).context("cannot read the SSH host keys")? {
            let text = fs::read_to_string(paths.host_keys().join(&name))?;
            found.insert(format!("{SSH}/{name}"), text);
        }
        let sha256 = sum(&found)?;
        Ok(Self { format: FORMAT, installation, files: found, sha256 })
    }

    /// Reads them from a file.
    pub fn read(path: &Path) -> Result<Self> {
        let mut text = Vec::new();
        let read = fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut text));
        read.with_context(|| format!("cannot read {}", path.display()))?;
        // The error would show a part of the file.
        let keys = serde_json::from_slice(&text).ok();
        let keys: Self = keys.with_context(|| format!("{} is cut off, or holds no keys", path.display()))?;
        ensure!(
            keys.format <= FORMAT,
            "{} was made by a newer slipway: install that version or a newer one",
            path.display()
        );
        ensure!(sum(&keys.files)? == keys.sha256, "{} was changed or is damaged", path.display());
        Ok(keys)
    }

    /// Begins their file.
    pub fn write(&self, target: &Path) -> Result<Draft> {
        let mut draft = Draft::begin(target)?;
        let written = draft.file.write_all(&serde_json::to_vec_pretty(self)?);
        written.with_context(|| format!("cannot write {}", target.display()))?;
        Ok(draft)
    }

    /// The key of encryption at rest.
    pub fn key(&self) -> Result<&str> {
        let key = self.files.get(KEY).context("there is no key among the keys")?;
        Vault::parse(key).context("the key is damaged")?;
        Ok(key)
    }

    /// Puts them in place, each for who needs it.
    pub fn place(&self, paths: &Paths, accounts: &Accounts) -> Result<()> {
        files::ensure_folder(&paths.host_keys(), Owner::ROOT, 0o755)?;
        for (name, text) in &self.files {
            // Those of SSH are given to whom they belong at each start.
            let (folder, file) = match name.split_once('/') {
                None => (paths.config.clone(), name.as_str()),
                Some((SSH, file)) => (paths.host_keys(), file),
                Some(_) => continue,
            };
            // A name is one that we wrote; whoever changed it does not get out of the folder.
            let path = folder.join(Path::new(file).file_name().context("a key has no name")?);
            files::write(&path, text.as_bytes(), owner(name, accounts), 0o600)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

/// Who reads a key.
fn owner(name: &str, accounts: &Accounts) -> Owner {
    match name {
        KEY | DRAINS => Owner::from(&accounts.controller),
        "router.key" | "router.credential" => Owner::from(&accounts.router),
        "builder.credential" => Owner::from(&accounts.builder),
        _ => Owner::ROOT,
    }
}

fn host_keys(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

fn sum(files: &BTreeMap<String, String>) -> Result<String> {
    Ok(Sum::of(&serde_json::to_vec(files)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let files = BTreeMap::from([(KEY.to_owned(), Vault::new_key_line())]);
        Keys { format: FORMAT, installation: Uuid::nil(), sha256: sum(&files).unwrap(), files }
    }

    #[test]
    fn a_changed_file_of_keys_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        keys().write(&path).unwrap().keep().unwrap();
        let read = Keys::read(&path).unwrap();
        read.key().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen('0', "1", 40)).unwrap();
        let error = Keys::read(&path).err().unwrap().to_string();
        assert!(error.ends_with("was changed or is damaged"), "{error}");
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        let error = Keys::read(&path).err().unwrap().to_string();
        assert!(error.ends_with("is cut off, or holds no keys"), "{error}");
    }
}
