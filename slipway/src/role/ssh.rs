//! Where apps are pushed to, as the controller tells clients: a name, a port, and the keys that the builder shows there.

use std::{fs, io, path::Path};

use anyhow::{Context, Result};
use api::{names::PublicKey, types::SshAddress};

/// The builder's name right below the platform's domain.
const LABEL: &str = "slipway-builder";

/// The address with the public keys (`*.pub`) in `host_keys`; a folder that is not there holds none.
pub fn address(domain: &str, port: u16, host_keys: Option<&Path>) -> Result<SshAddress> {
    let host_keys = host_keys.map(read_keys).transpose()?.unwrap_or_default();
    Ok(SshAddress { host: format!("{LABEL}.{domain}"), port, host_keys })
}

fn read_keys(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", folder.display()))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    let mut keys = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "pub"))
        .map(|path| read_key(path))
        .collect::<Result<Vec<_>>>()?;
    keys.sort();
    Ok(keys)
}

fn read_key(path: &Path) -> Result<String> {
    let key = PublicKey::parse(&super::read(path)?).with_context(|| format!("{} is no public key", path.display()))?;
    Ok(key.without_comment().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0";

    #[test]
    fn clients_are_told_the_host_keys() {
        let dir = tempfile::tempdir().unwrap();
        let address = |folder: &Path| address("localhost", 2222, Some(folder));
        assert_eq!(address(&dir.path().join("none")).unwrap().host_keys, Vec::<String>::new());
        fs::write(dir.path().join("ed25519"), "a secret").unwrap();
        fs::write(dir.path().join("ed25519.pub"), format!("{KEY} root@host\n")).unwrap();
        let told = address(dir.path()).unwrap();
        assert_eq!(
            (told.host.as_str(), told.port, told.host_keys),
            ("slipway-builder.localhost", 2222, vec![KEY.to_owned()])
        );
        fs::write(dir.path().join("ecdsa.pub"), "junk").unwrap();
        assert!(format!("{:#}", address(dir.path()).unwrap_err()).contains("ecdsa.pub is no public key"));
    }
}
