//! Encryption at rest: one sealed blob a row, bound to the row it belongs to.
//!
//! A blob is `key id (4) | nonce (12) | AES-256-GCM ciphertext`; the additional data are the uuids of app and row, so that
//! a blob copied to another row does not open. The key file holds one key a line, `<key id> <key>`, 8 and 64
//! hexadecimal digits; the first one seals, all of them open, which is how keys are rotated.

use std::{collections::HashMap, fs, path::Path, sync::Arc};

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, Generate, Key, KeyInit, Payload},
};
use anyhow::{Context, anyhow, bail};
use uuid::Uuid;

const KEY_ID: usize = 4;
const NONCE: usize = 12;
const CANARY: &[u8] = b"slipway";

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    current: [u8; KEY_ID],
    ciphers: HashMap<[u8; KEY_ID], Aes256Gcm>,
}

/// The row that a blob belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Uuid of the app.
    pub app: Uuid,
    /// Uuid of the row.
    pub row: Uuid,
}

impl Vault {
    /// Reads the key file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read the key file {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("the key file {} is damaged", path.display()))
    }

    /// A line for a new key file.
    #[must_use]
    pub fn new_key_line() -> String {
        let key = Key::<Aes256Gcm>::generate();
        let id: [u8; KEY_ID] = rand::random();
        format!("{} {}\n", hex::encode(id), hex::encode(key))
    }

    /// Reads the text of a key file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let keys =
            text.lines().filter(|line| !line.trim().is_empty()).map(parse_line).collect::<Result<Vec<_>, _>>()?;
        let current = keys.first().context("it holds no key")?.0;
        Ok(Self(Arc::new(Keys { current, ciphers: keys.into_iter().collect() })))
    }

    /// Seals `plain` for `place`.
    pub fn seal(&self, place: Place, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let cipher = self.0.ciphers.get(&self.0.current).context("no current key")?;
        let nonce = Nonce::generate();
        let payload = Payload { msg: plain, aad: &place.aad() };
        let sealed = cipher.encrypt(&nonce, payload).map_err(|_| anyhow!("sealing failed"))?;
        Ok([self.0.current.as_slice(), nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for `place`; an error says that it was sealed with a key we do not have, or was changed.
    pub fn open(&self, place: Place, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
        let (id, rest) = sealed.split_first_chunk::<KEY_ID>().context("a sealed value is cut off")?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().context("a sealed value is cut off")?;
        let Some(cipher) = self.0.ciphers.get(id) else {
            bail!("it was sealed with key {}, which the key file does not hold", hex::encode(id));
        };
        let payload = Payload { msg: sealed, aad: &place.aad() };
        cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| anyhow!("a sealed value does not open"))
    }

    /// A value by which [`Vault::check_canary`] recognises this vault.
    pub fn canary(&self, installation: Uuid) -> anyhow::Result<Vec<u8>> {
        self.seal(Place { app: installation, row: Uuid::nil() }, CANARY)
    }

    /// Fails when `canary` was not made by a vault with one of our keys for this installation.
    pub fn check_canary(&self, installation: Uuid, canary: &[u8]) -> anyhow::Result<()> {
        self.open(Place { app: installation, row: Uuid::nil() }, canary).map(drop)
    }
}

impl Place {
    fn aad(self) -> [u8; 32] {
        let mut aad = [0; 32];
        aad[..16].copy_from_slice(self.app.as_bytes());
        aad[16..].copy_from_slice(self.row.as_bytes());
        aad
    }
}

fn parse_line(line: &str) -> anyhow::Result<([u8; KEY_ID], Aes256Gcm)> {
    let (id, key) = line.split_once(' ').context("a line is not `<key id> <key>`")?;
    let mut id_bytes = [0; KEY_ID];
    hex::decode_to_slice(id, &mut id_bytes).context("a key id is not 8 hexadecimal digits")?;
    let mut key_bytes = [0; 32];
    hex::decode_to_slice(key.trim(), &mut key_bytes).context("a key is not 64 hexadecimal digits")?;
    Ok((id_bytes, Aes256Gcm::new(&Key::<Aes256Gcm>::from(key_bytes))))
}

#[cfg(test)]
mod tests {
    use super::{Place, Vault};
    use uuid::Uuid;

    fn place() -> Place {
        Place { app: Uuid::from_u128(1), row: Uuid::from_u128(2) }
    }

    #[test]
    fn opens_only_at_its_place() {
        let vault = Vault::parse(&Vault::new_key_line()).unwrap();
        let sealed = vault.seal(place(), b"secret").unwrap();
        assert_eq!(vault.open(place(), &sealed).unwrap(), b"secret");
        assert!(vault.open(Place { row: Uuid::from_u128(3), ..place() }, &sealed).is_err());
        assert!(vault.open(place(), &sealed[..sealed.len() - 1]).is_err());
    }

    #[test]
    fn rotated_keys_still_open_and_others_are_named() {
        let old_line = Vault::new_key_line();
        let sealed = Vault::parse(&old_line).unwrap().seal(place(), b"secret").unwrap();
        let rotated = Vault::parse(&format!("{}{old_line}", Vault::new_key_line())).unwrap();
        assert_eq!(rotated.open(place(), &sealed).unwrap(), b"secret");
        let error = Vault::parse(&Vault::new_key_line()).unwrap().open(place(), &sealed).unwrap_err();
        assert!(error.to_string().contains("which the key file does not hold"), "{error}");
    }

    #[test]
    fn damaged_key_files_are_refused() {
        for text in ["", "zz 00", "0011223 00", "00112233", &format!("00112233 {}", "0".repeat(62))] {
            assert!(Vault::parse(text).is_err(), "{text:?}");
        }
    }
}
