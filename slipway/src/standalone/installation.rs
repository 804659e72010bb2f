//! Which installation of this machine a command is about, and where its files are.

use std::{path::PathBuf, str::FromStr};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::paths::Paths;

/// Options of every command that deals with the installation on this machine.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Installation")]
pub struct Installation {
    /// Name of the installation: begins the names of its system users, folders and firewall chains
    #[arg(long, env = "SLIPWAY_NAME", default_value = "slipway")]
    pub name: Name,
    /// Keys and credentials [default: /etc/<name>]
    #[arg(long, env = "SLIPWAY_CONFIG_DIR", value_name = "DIR")]
    pub config_dir: Option<PathBuf>,
    /// What must outlive a reboot: database, log lines, route table [default: /var/lib/<name>]
    #[arg(long, env = "SLIPWAY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Sockets; its path must be short [default: /run/<name>]
    #[arg(long, env = "SLIPWAY_RUN_DIR", value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
}

impl Installation {
    /// The paths; relative ones are made absolute, because the parts work in another folder.
    pub fn paths(&self) -> Result<Paths> {
        let name = &self.name.0;
        let absolute = |folder: &Option<PathBuf>, root: &str| {
            let folder = folder.clone().unwrap_or_else(|| PathBuf::from(root).join(name));
            std::path::absolute(&folder).with_context(|| format!("{} is no path", folder.display()))
        };
        Ok(Paths {
            config: absolute(&self.config_dir, "/etc")?,
            data: absolute(&self.data_dir, "/var/lib")?,
            run: absolute(&self.run_dir, "/run")?,
        })
    }
}

/// The name of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Longest name: with what is added to it, names of users and chains stay within the system's limits.
    const LONGEST: usize = 16;

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        ensure!(
            text.len() <= Self::LONGEST
                && text.bytes().all(allowed)
                && text.starts_with(|c: char| c.is_ascii_lowercase()),
            "use 1 to {} of a-z, 0-9 and -, a letter first",
            Self::LONGEST
        );
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_follows_from_the_name() {
        let name = "blue".parse().unwrap();
        let installation = Installation { name, config_dir: None, data_dir: Some("/srv/blue".into()), run_dir: None };
        let paths = installation.paths().unwrap();
        assert_eq!(paths.key(), PathBuf::from("/etc/blue/key"));
        assert_eq!(paths.postgres(), PathBuf::from("/srv/blue/postgres"));
        assert_eq!(paths.api_socket(), PathBuf::from("/run/blue/api.sock"));
    }

    #[test]
    fn names_that_no_user_could_bear_are_refused() {
        for name in ["", "-a", "A", "a/b", "..", "0", "a-name-that-is-long"] {
            assert!(name.parse::<Name>().is_err(), "{name}");
        }
    }
}
