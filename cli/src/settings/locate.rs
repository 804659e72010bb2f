//! Which settings file: the `--config` option, the environment variable, the profile `client`.

use std::{env, path::PathBuf};

use anyhow::Result;

use super::Store;
use crate::{name::Name, report::Failure};

/// The profile when none is named.
const DEFAULT: &str = "client";

/// The settings file. `option` is what `--config` said.
pub fn locate(name: &Name, option: Option<&str>) -> Result<Store> {
    let variable = env::var(name.variable("PROFILE")).ok().filter(|value| !value.is_empty());
    let wanted = option.map(str::to_owned).or(variable).unwrap_or_else(|| DEFAULT.to_owned());
    if is_path(&wanted) {
        return Ok(Store::at(PathBuf::from(wanted)));
    }
    if wanted.is_empty() || wanted.contains(['/', '\\']) {
        return Err(Failure::new(format!("{wanted:?} is neither a profile nor a settings file"))
            .hint("A settings file is a path that ends in .json; a profile is a name without slashes.")
            .into());
    }
    let home = env::var_os("HOME").filter(|home| !home.is_empty()).ok_or_else(|| {
        Failure::new("HOME is not set, so there is no place for the settings")
            .hint(format!("Set HOME, or name a settings file: {name} -c /path/to/settings.json ..."))
    })?;
    Ok(Store::within(&PathBuf::from(home).join(name.folder()), &wanted))
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
