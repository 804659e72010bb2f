//! Whether this installation takes pushes: what is installed on the machine decides. Everything else works without.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::accounts;

/// The registry's program.
const REGISTRY: &str = "docker-registry";
/// What else a push needs.
const OTHERS: [&str; 4] = ["buildah", "runc", "git", "ip"];
/// The packages that bring all of it.
const PACKAGES: &str = "docker-registry buildah runc uidmap git iproute2";

/// Are there pushes?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushes {
    /// Yes.
    On {
        /// The registry's program.
        registry: PathBuf,
    },
    /// No.
    Off {
        /// Why, and what to do, for people.
        reason: String,
    },
}

impl Pushes {
    /// Looks for the programs: the registry's where it was named, the others on the PATH.
    pub fn choose(registry: Option<&PathBuf>) -> Result<Self> {
        if let Some(program) = registry {
            ensure!(program.is_file(), "{} is no program: --registry-bin names docker-registry", program.display());
            accounts::check_reachable(program)?;
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self::among(registry.cloned(), &std::env::split_paths(&path).collect::<Vec<_>>())
    }

    fn among(registry: Option<PathBuf>, folders: &[PathBuf]) -> Result<Self> {
        let find = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
        let registry = registry.or_else(|| find(REGISTRY));
        let missing = registry.is_none().then_some(REGISTRY).into_iter();
        let missing: Vec<_> = missing.chain(OTHERS.into_iter().filter(|name| find(name).is_none())).collect();
        if !missing.is_empty() {
            let reason = format!("missing: {}; apt install {PACKAGES}, then `slipway restart`", missing.join(", "));
            return Ok(Self::Off { reason });
        }
        let registry =
            std::path::absolute(registry.unwrap_or_default()).context("cannot tell where the registry is")?;
        Ok(match accounts::check_reachable(&registry) {
            Ok(()) => Self::On { registry },
            Err(error) => Self::Off { reason: format!("{error:#}") },
        })
    }

    /// The registry's program, when there are pushes.
    pub fn registry(&self) -> Option<&Path> {
        match self {
            Self::On { registry } => Some(registry),
            Self::Off { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn what_is_missing_is_told_with_what_to_install() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let folders = [dir.path().to_owned()];
        let choose = || Pushes::among(None, &folders).unwrap();
        std::fs::write(dir.path().join("git"), "").unwrap();
        let Pushes::Off { reason } = choose() else { panic!("nothing but git is there") };
        insta::assert_snapshot!(reason, @"missing: docker-registry, buildah, runc, ip; apt install docker-registry buildah runc uidmap git iproute2, then `slipway restart`");

        for name in ["docker-registry", "buildah", "runc", "ip"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let registry = dir.path().join("docker-registry");
        assert!(matches!(choose(), Pushes::Off { reason } if reason.contains("is closed to them")));
        std::fs::set_permissions(&registry, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(choose(), Pushes::On { registry });
        assert!(Pushes::choose(Some(&dir.path().join("nothing"))).is_err());
    }
}
