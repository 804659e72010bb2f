//! Which settings file: the `--config` option, the environment variable, the profile that `profiles:use` remembered, the
//! profile `client`.

use std::{env, path::PathBuf};

use anyhow::Result;

use super::{Profiles, Settings, Store, profiles::DEFAULT};
use crate::{name::Name, report::Failure};

/// The settings file that is meant.
pub struct Choice {
    /// The file.
    pub store: Store,
    /// The profile, or the path where a file was named.
    pub profile: String,
    /// What made it so.
    pub by: By,
}

/// What makes a settings file the one that is meant; the first of these that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `--config`.
    Option,
    /// `<NAME>_PROFILE`.
    Variable,
    /// `profiles:use`.
    Memory,
    /// Nothing else.
    Default,
}

/// The settings file. `option` is what `--config` said.
pub fn locate(name: &Name, option: Option<&str>) -> Result<Choice> {
    let variable = env::var(name.variable("PROFILE")).ok().filter(|value| !value.is_empty());
    let named = match (option, variable) {
        (Some(wanted), _) => Some((wanted.to_owned(), By::Option)),
        (None, Some(wanted)) => Some((wanted, By::Variable)),
        (None, None) => None,
    };
    if let Some((profile, by)) = &named
        && is_path(profile)
    {
        return Ok(Choice { store: Store::at(PathBuf::from(profile)), profile: profile.clone(), by: *by });
    }
    let profiles = Profiles::of(name)?;
    let (profile, by) = match named {
        Some(named) => named,
        None => profiles.used()?.map_or_else(|| (DEFAULT.to_owned(), By::Default), |used| (used, By::Memory)),
    };
    Ok(Choice { store: profiles.store(&profile)?, profile, by })
}

impl Choice {
    /// The settings of somebody who is logged in.
    pub fn load(&self, name: &Name) -> Result<Settings> {
        if let Some(settings) = self.store.find()? {
            return Ok(settings);
        }
        let failure = Failure::new(format!(
            "Client configuration file not found at: {}\nAre you logged in? Use '{name} login' or '{name} register' to \
             get started.",
            self.store.path().display(),
        ));
        if self.by == By::Memory {
            let hint =
                format!("`{name} profiles:use` made this your profile; `{name} profiles:list` shows the others.");
            return Err(failure.hint(hint).into());
        }
        Err(failure.into())
    }
}

/// Deis's rule: a separator with something on its left, and `.json` at the end of what is on its right.
fn is_path(wanted: &str) -> bool {
    let Some(separator) = wanted.find(['/', '\\']) else { return false };
    wanted[separator + 1..].strip_suffix(".json").is_some_and(|stem| !stem.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn paths_and_profiles() {
        for path in ["/home/a/x.json", "./x.json", "dir\\x.json", "/a/b/c.json"] {
            assert!(is_path(path), "{path}");
        }
        for profile in ["client", "x.json", "/tmp/x", "dir/.json", "a/b"] {
            assert!(!is_path(profile), "{profile}");
        }
    }
}
