//! Who runs what.

use std::{io, os::unix::fs::MetadataExt, path::Path};

use anyhow::{Context, Result, bail, ensure};

use super::account::{self, Account};

/// The group that Debian's docker.io makes.
const ENGINE_GROUP: &str = "docker";

/// The users of one installation.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Runs the controller.
    pub controller: Account,
    /// Runs the router.
    pub router: Account,
    /// Runs the private PostgreSQL.
    pub postgres: Account,
    /// Runs the private registry.
    pub registry: Account,
    /// Runs the builder.
    pub builder: Account,
    /// Id of the group of those who may connect to the internal listener: router and builder.
    pub internal: u32,
}

impl Accounts {
    /// Finds or makes the users of the installation `name`.
    pub fn ensure(name: &str) -> Result<Self> {
        let [controller, router, postgres, registry, builder] = Self::names(name);
        Ok(Self {
            controller: Account::ensure(&controller)?,
            router: Account::ensure(&router)?,
            postgres: Account::ensure(&postgres)?,
            registry: Account::ensure(&registry)?,
            builder: Account::ensure(&builder)?,
            internal: account::ensure_group(&Self::internal_name(name))?,
        })
    }

    /// One user in all roles.
    pub fn all(account: &Account) -> Self {
        let own = || account.clone();
        Self {
            controller: own(),
            router: own(),
            postgres: own(),
            registry: own(),
            builder: own(),
            internal: account.gid,
        }
    }

    /// Whether any of them is there.
    pub fn exist(name: &str) -> Result<bool> {
        let found = Self::names(name).iter().map(|user| Account::find(user)).collect::<Result<Vec<_>>>()?;
        Ok(found.iter().any(Option::is_some))
    }

    /// Removes them.
    pub fn remove(name: &str) -> Result<()> {
        for user in Self::names(name) {
            Account::remove(&user)?;
        }
        account::remove_group(&Self::internal_name(name))
    }

    fn names(name: &str) -> [String; 5] {
        ["controller", "router", "postgres", "registry", "builder"].map(|part| format!("{name}-{part}"))
    }

    fn internal_name(name: &str) -> String {
        format!("{name}-internal")
    }
}

/// The group through which the engine's socket can be used, for the controller alone. While the engine is down, the one
/// that Debian's package makes for it.
pub fn engine_group(socket: &Path) -> Result<u32> {
    let metadata = match std::fs::metadata(socket) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return account::group(ENGINE_GROUP)?.with_context(|| {
                format!("no container engine at {}: is Docker installed and running?", socket.display())
            });
        }
        metadata => metadata.with_context(|| format!("cannot look at {}", socket.display()))?,
    };
    let (gid, mode) = (metadata.gid(), metadata.mode());
    ensure!(
        gid != 0 && mode & 0o060 == 0o060,
        "{} cannot be used by a group (group {gid}, mode {:o}): give it to a group of its own, as Debian's docker.io \
         does (dockerd --group docker)",
        socket.display(),
        mode & 0o777
    );
    Ok(gid)
}

/// Fails where the users of the parts could not run the program.
pub fn check_reachable(program: &Path) -> Result<()> {
    let closed = program.ancestors().find(|path| std::fs::metadata(path).is_ok_and(|found| found.mode() & 0o001 == 0));
    if let Some(path) = closed {
        bail!(
            "the unprivileged users of the parts cannot run {}, because {} is closed to them: install the program where \
             everybody can run it, as in /usr/local/bin",
            program.display(),
            path.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_program_in_a_closed_folder_is_told_before_anything_starts() {
        check_reachable(Path::new("/usr/bin/env")).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("slipway");
        std::fs::write(&program, "").unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let error = check_reachable(&program).unwrap_err().to_string();
        assert!(error.contains("is closed to them"), "{error}");
    }

    #[test]
    fn an_engine_socket_of_root_alone_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("docker.sock");
        std::fs::write(&socket, "").unwrap();
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600)).unwrap();
        let error = engine_group(&socket).unwrap_err().to_string();
        assert!(error.contains("cannot be used by a group"), "{error}");
    }
}
