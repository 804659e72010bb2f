//! The keys by which clients know this host again. They are made once and survive everything.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result};
use russh::keys::{Algorithm, EcdsaCurve, PrivateKey, key::safe_rng, ssh_key::LineEnding};

/// RSA is missing on purpose: no fixed release of the `rsa` crate signs in constant time (RUSTSEC-2023-0071).
const KINDS: [(&str, Algorithm); 2] =
    [("ed25519", Algorithm::Ed25519), ("ecdsa", Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 })];

/// Makes the host keys that are missing in `dir` (OpenSSH's private form, readable by the owner alone, and `.pub` beside
/// them), and answers the public ones, a line each.
pub fn ensure(dir: &Path) -> Result<Vec<String>> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make the folder of host keys {}", dir.display()))?;
    KINDS.into_iter().map(|(name, algorithm)| ensure_one(&dir.join(name), algorithm)).collect()
}

/// Reads the host keys that [`ensure`] made; that on a curve of NIST only when it is wanted.
pub(crate) fn load(dir: &Path, ecdsa: bool) -> Result<Vec<PrivateKey>> {
    let wanted = KINDS.iter().filter(|(_, algorithm)| ecdsa || *algorithm == Algorithm::Ed25519);
    wanted.map(|(name, _)| read(&dir.join(name))).collect()
}

fn read(path: &Path) -> Result<PrivateKey> {
    let text = fs::read(path).with_context(|| format!("cannot read the host key {}", path.display()))?;
    PrivateKey::from_openssh(&text).with_context(|| {
        format!("{} is not a host key: restore it from a backup, or delete it to get a new one", path.display())
    })
}

fn ensure_one(path: &Path, algorithm: Algorithm) -> Result<String> {
    if !path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
        make(path, algorithm)?;
    }
    let public = read(path)?.public_key().to_openssh().context("cannot write the public key")?;
    let beside = path.with_extension("pub");
    if fs::read_to_string(&beside).is_ok_and(|found| found.trim_end() == public) {
        return Ok(public);
    }
    write(&beside, format!("{public}\n").as_bytes(), 0o644)?;
    Ok(public)
}

fn make(path: &Path, algorithm: Algorithm) -> Result<()> {
    let key = PrivateKey::random(&mut safe_rng(), algorithm).context("cannot make a host key")?;
    let text = key.to_openssh(LineEnding::LF).context("cannot write a host key")?;
    write(path, text.as_bytes(), 0o600)
}

/// All of it or nothing: a host key that was cut short would be another host.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let new = path.with_extension("new");
    write_synced(&new, bytes, mode)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn write_synced(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("ssh");
        let lines = ensure(&dir).unwrap();
        assert!(
            lines[0].starts_with("ssh-ed25519 AAAA") && lines[1].starts_with("ecdsa-sha2-nistp256 AAAA"),
            "{lines:?}"
        );
        fs::remove_file(dir.join("ecdsa.pub")).unwrap();
        assert_eq!(ensure(&dir).unwrap(), lines);
        assert_eq!((load(&dir, false).unwrap().len(), load(&dir, true).unwrap().len()), (1, 2));
        for (name, mode) in [("ed25519", 0o600), ("ed25519.pub", 0o644), ("ecdsa", 0o600), ("ecdsa.pub", 0o644)] {
            assert_eq!(fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777, mode, "{name}");
        }
        fs::write(dir.join("ecdsa"), "nothing").unwrap();
        assert!(format!("{:#}", ensure(&dir).unwrap_err()).contains("restore it from a backup"));
    }
}
