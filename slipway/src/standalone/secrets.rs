//! Everything secret is made here, at the first start, from the system's randomness; there are no default values.

use std::path::Path;

use anyhow::{Context, Result};
use controller::vault::Vault;
use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};

use super::{
    accounts::Accounts,
    files::{self, Owner},
    paths::Paths,
};

/// The component that the router is, in the file of credentials.
const ROUTER: &str = "router";

/// Makes every secret that is missing. What exists is never changed: without its key a database is lost.
pub fn ensure(paths: &Paths, accounts: &Accounts) -> Result<()> {
    ensure_file(&paths.key(), Owner::from(&accounts.controller), || Ok(Vault::new_key_line()))?;
    ensure_file(&paths.router_key(), Owner::from(&accounts.router), secret_line)?;
    ensure_file(&paths.router_credential(), Owner::from(&accounts.router), secret_line)?;
    ensure_file(&paths.bootstrap_token(), Owner::ROOT, secret_line)?;
    announce_credential(paths, accounts)?;
    announce_bootstrap_token(paths, accounts)
}

fn ensure_file(path: &Path, owner: Owner, content: impl FnOnce() -> Result<String>) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    files::write(path, content()?.as_bytes(), owner, 0o600).with_context(|| format!("cannot write {}", path.display()))
}

/// The hash of the router's credential is among those that the controller believes.
fn announce_credential(paths: &Paths, accounts: &Accounts) -> Result<()> {
    let credential = read(&paths.router_credential())?;
    let components = files::read(&paths.components())?.unwrap_or_default();
    let Some(components) = with_credential(&components, ROUTER, &credential) else { return Ok(()) };
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

/// The one-time token of an administrator who cannot register from this machine: root reads it, the controller only
/// knows its hash.
fn announce_bootstrap_token(paths: &Paths, accounts: &Accounts) -> Result<()> {
    let hash = format!("{}\n", hash(&read(&paths.bootstrap_token())?));
    files::write(&paths.bootstrap_token_hash(), hash.as_bytes(), Owner::root_for(&accounts.controller), 0o640)
        .context("cannot write the hash of the bootstrap token")
}

fn read(path: &Path) -> Result<String> {
    let secret = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(secret.trim().to_owned())
}

fn secret_line() -> Result<String> {
    Ok(secret()? + "\n")
}

/// 32 random bytes in hexadecimal digits.
fn secret() -> Result<String> {
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
