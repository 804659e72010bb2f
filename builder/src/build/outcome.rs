//! What a build tells about the image that it made. Whoever reads it reads it as a stranger's word.

use std::path::Path;

use anyhow::{Result, ensure};
use api::{names::ProcessType, procfile::Types};
use serde::{Deserialize, Serialize};

use super::{files, layout};

/// Most bytes of a [`Made`] that anybody reads.
pub const OUTCOME_LONGEST: u64 = 256 * 1024;
/// Most bytes of a digest file that anybody reads.
pub const DIGEST_LONGEST: u64 = 256;
/// Most process types of an app.
const TYPES: usize = 100;
/// Longest command.
const COMMAND: usize = 16 * 1024;

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Process types and their commands.
    pub types: Types,
}

impl Made {
    /// Reads what a build wrote, strictly.
    pub fn parse(text: &str) -> Result<Self> {
        let made: Self = serde_json::from_str(text)?;
        check(&made.types)?;
        Ok(made)
    }
}

/// Types that every part of the platform can live with.
pub fn check(types: &Types) -> Result<()> {
    ensure!(types.len() <= TYPES, "an app can have at most {TYPES} process types");
    for (name, command) in types {
        ProcessType::parse(name)?;
        ensure!(!command.trim().is_empty(), "Command can't be empty for process type");
        ensure!(command.len() <= COMMAND, "the command of process type {name} is longer than {COMMAND} bytes");
        ensure!(!command.contains(['\0', '\n']), "the command of process type {name} is not one line of text");
    }
    Ok(())
}

/// Writes it for whoever started the sandbox.
pub fn write(made: &Made) -> Result<()> {
    check(&made.types)?;
    files::write(Path::new(layout::OUTCOME), serde_json::to_string(made)?.as_bytes(), 0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_strictly() {
        assert_eq!(Made::parse(r#"{"types":{"web":"serve"}}"#).unwrap().types["web"], "serve");
        for bad in [
            "",
            r#"{"types":{"Web":"serve"}}"#,
            r#"{"types":{"web":" "}}"#,
            r#"{"types":{"web":"a\nb"}}"#,
            r#"{"types":{},"more":1}"#,
        ] {
            assert!(Made::parse(bad).is_err(), "{bad}");
        }
        let many: Types = (0..101).map(|number| (format!("t{number}"), "x".to_owned())).collect();
        assert!(check(&many).is_err());
    }
}
