//! Everything secret is made here, at the first start, from the system's randomness; there are no default values.

use std::{
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
};

use anyhow::{Context, Result};
use controller::vault::Vault;
use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};

use super::{
    accounts::Accounts,
    files::{self, Owner},
    paths::Paths,
    registry,
};

/// The component that the router is, in the file of credentials.
const ROUTER: &str = "router";
/// The one that the builder is.
const BUILDER: &str = "builder";

/// The file of the operator's drains, until there are some.
const DRAINS: &str =
    "# Where the logs of all apps are sent to, one URL a line; obeyed within seconds. See docs/logs.md.\n";

/// Makes every secret that is missing. What exists is never changed: without its key a database is lost.
pub fn ensure(paths: &Paths, accounts: &Accounts) -> Result<()> {
    ensure_file(&paths.key(), Owner::from(&accounts.controller), || Ok(Vault::new_key_line()))?;
    ensure_file(&paths.router_key(), Owner::from(&accounts.router), secret_line)?;
    ensure_file(&paths.router_credential(), Owner::from(&accounts.router), secret_line)?;
    ensure_file(&paths.builder_credential(), Owner::from(&accounts.builder), secret_line)?;
    ensure_file(&paths.bootstrap_token(), Owner::ROOT, secret_line)?;
    ensure_file(&paths.builder_key(), Owner::ROOT, secret_line)?;
    let controller = Owner::root_for(&accounts.controller);
    ensure_file_for(&paths.registry_credential(), controller, 0o640, registry::new_credential)?;
    ensure_file_for(&paths.drains(), controller, 0o640, || Ok(DRAINS.to_owned()))?;
    announce_credential(paths, accounts, ROUTER, &paths.router_credential())?;
    announce_credential(paths, accounts, BUILDER, &paths.builder_credential())?;
    announce_hash(&paths.bootstrap_token(), &paths.bootstrap_token_hash(), controller)?;
    announce_hash(&paths.builder_key(), &paths.builder_key_hash(), controller)?;
    ensure_host_keys(&paths.host_keys(), accounts).context("cannot make the SSH host keys")
}

fn ensure_file(path: &Path, owner: Owner, content: impl FnOnce() -> Result<String>) -> Result<()> {
    ensure_file_for(path, owner, 0o600, content)
}

fn ensure_file_for(path: &Path, owner: Owner, mode: u32, content: impl FnOnce() -> Result<String>) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    files::write(path, content()?.as_bytes(), owner, mode).with_context(|| format!("cannot write {}", path.display()))
}

/// The hash of a component's credential is among those that the controller believes.
fn announce_credential(paths: &Paths, accounts: &Accounts, component: &str, credential: &Path) -> Result<()> {
    let components = files::read(&paths.components())?.unwrap_or_default();
    let Some(components) = with_credential(&components, component, &read(credential)?) else { return Ok(()) };
    files::write(&paths.components(), components.as_bytes(), Owner::root_for(&accounts.controller), 0o640)
        .context("cannot write the hashes of the components' credentials")
}

/// The file of credentials with a line for this one; `None` when it has it. Other lines stay: two credentials of one
/// component are valid while it changes from the one to the other.
fn with_credential(components: &str, component: &str, credential: &str) -> Option<String> {
    let line = format!("{component} {}", hash(credential));
    if components.lines().any(|known| known == line) {
        return None;
    }
    let lines: Vec<_> = components.lines().chain([line.as_str()]).collect();
    Some(lines.join("\n") + "\n")
}

/// Of the one-time token of an administrator who cannot register from this machine, and of the key of foreign builders:
/// root reads the secret, the controller only knows its hash.
fn announce_hash(secret: &Path, path: &Path, controller: Owner) -> Result<()> {
    let hash = format!("{}\n", hash(&read(secret)?));
    files::write(path, hash.as_bytes(), controller, 0o640).with_context(|| format!("cannot write {}", path.display()))
}

/// The private keys are the builder's alone, the public ones everybody's.
fn ensure_host_keys(folder: &Path, accounts: &Accounts) -> Result<()> {
    files::ensure_folder(folder, Owner::ROOT, 0o755)?;
    builder::host_keys::ensure(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_public = path.extension().is_some_and(|extension| extension == "pub");
        let (owner, mode) = if is_public { (Owner::ROOT, 0o644) } else { (Owner::from(&accounts.builder), 0o600) };
        chown(&path, Some(owner.uid), Some(owner.gid))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// A secret that a file has.
pub fn read(path: &Path) -> Result<String> {
    let secret = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(secret.trim().to_owned())
}

fn secret_line() -> Result<String> {
    Ok(secret()? + "\n")
}

/// 32 random bytes in hexadecimal digits.
pub fn secret() -> Result<String> {
    let mut bytes = [0_u8; 32];
    OsRng.try_fill_bytes(&mut bytes).context("the system gives no randomness")?;
    Ok(hex::encode(bytes))
}

/// What is kept in place of a secret by who must only recognise it.
fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_credential_stands_beside_the_first() {
        let first = with_credential("", "router", "one").unwrap();
        assert_eq!(with_credential(&first, "router", "one"), None);
        let both = with_credential(&first, "router", "two").unwrap();
        insta::assert_snapshot!(both, @"
        router 7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed
        router 3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3
        ");
    }

    #[test]
    fn secrets_differ() {
        assert_ne!(secret().unwrap(), secret().unwrap());
        assert_eq!(secret().unwrap().len(), 64);
    }
}
