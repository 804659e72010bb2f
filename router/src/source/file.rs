//! The last good table on disk: what a router serves that starts while no controller answers.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, AeadCore, Generate, KeyInit, Payload},
};
use anyhow::{Context, anyhow, bail};

use super::Replica;
use crate::config::TableKey;

/// Begins the file, and is bound to its content: another format is another magic.
const MAGIC: &[u8] = b"slipway routes 1\n";
const NONCE: usize = 12;

/// The file and its key.
#[derive(Clone)]
pub(crate) struct TableFile {
    path: PathBuf,
    cipher: Aes256Gcm,
}

impl TableFile {
    pub fn new(path: &Path, key: &TableKey) -> Self {
        Self { path: path.to_owned(), cipher: Aes256Gcm::new(&key.0.into()) }
    }

    /// The table that was saved last; none if none ever was.
    pub fn load(&self) -> anyhow::Result<Option<Replica>> {
        let path = self.path.display();
        let sealed = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("cannot read the last good table {path}"))?,
        };
        let plain = self.open(&sealed).with_context(|| format!("cannot use the last good table {path}"))?;
        Ok(Some(serde_json::from_slice(&plain)?))
    }

    /// Replaces the file as a whole: whoever looks finds the old table or the new one, also after a power cut.
    pub fn save(&self, replica: &Replica) -> anyhow::Result<()> {
        let sealed = self.seal(&serde_json::to_vec(replica)?)?;
        let fresh = self.path.with_extension("new");
        write_synced(&fresh, &sealed)
            .and_then(|()| fs::rename(&fresh, &self.path))
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        sync_directory(&self.path);
        Ok(())
    }

    fn seal(&self, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nonce = Nonce::<<Aes256Gcm as AeadCore>::NonceSize>::generate();
        let sealed = self.cipher.encrypt(&nonce, Payload { msg: plain, aad: MAGIC });
        let sealed = sealed.map_err(|_| anyhow!("the table is too large to be encrypted"))?;
        Ok([MAGIC, &nonce, &sealed].concat())
    }

    fn open(&self, file: &[u8]) -> anyhow::Result<Vec<u8>> {
        let Some((nonce, sealed)) = file.strip_prefix(MAGIC).and_then(|rest| rest.split_at_checked(NONCE)) else {
            bail!("it is not a table of this version");
        };
        let nonce: [u8; NONCE] = nonce.try_into()?;
        let opened = self.cipher.decrypt(&nonce.into(), Payload { msg: sealed, aad: MAGIC });
        opened.map_err(|_| anyhow!("it is damaged, or was written with another key"))
    }
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the new name last. Where the file system cannot do that, the old one may come back after a power cut.
fn sync_directory(path: &Path) {
    if let Some(directory) = path.parent().and_then(|parent| File::open(parent).ok()) {
        let _best_effort = directory.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use api::routes::AppRoutes;
    use uuid::Uuid;

    use super::*;

    fn replica() -> Replica {
        let app = AppRoutes {
            app: Uuid::from_u128(7),
            name: "demo".into(),
            hosts: vec!["demo.localhost".into()],
            endpoints: Vec::new(),
            maintenance: false,
            certificates: Vec::new(),
            https_enforced: false,
            paths: Vec::new(),
            whitelist: vec!["10.0.0.0/8".parse().unwrap()],
            treatment: Box::default(),
        };
        let mut replica = Replica::of(vec![app]);
        replica.version = 42;
        replica
    }

    #[test]
    fn what_is_saved_is_found_again_and_is_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table");
        let file = TableFile::new(&path, &[7; 32].into());
        assert_eq!(file.load().unwrap(), None);
        file.save(&replica()).unwrap();
        file.save(&replica()).unwrap();
        assert_eq!(file.load().unwrap(), Some(replica()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"demo"));
    }

    #[test]
    fn another_key_or_a_changed_byte_opens_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table");
        TableFile::new(&path, &[7; 32].into()).save(&replica()).unwrap();
        let error = TableFile::new(&path, &[8; 32].into()).load().unwrap_err();
        assert_eq!(error.root_cause().to_string(), "it is damaged, or was written with another key");
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(TableFile::new(&path, &[7; 32].into()).load().is_err());
    }
}
