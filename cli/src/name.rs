//! What follows from the name of the executable: one program can serve several platforms side by side.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::Path,
};

/// The name when the program was started without one.
const DEFAULT: &str = "mycli";
/// Extensions that are not part of the name.
const EXTENSIONS: [&str; 5] = ["app", "bat", "com", "exe", "sh"];

/// The name the program was called by. Commands in messages, settings folder, environment variables, git remote and
/// plugins all derive from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// From the first word of the command line.
    pub fn of_program(path: Option<&OsString>) -> Self {
        let file = path.map(Path::new).and_then(Path::file_name).and_then(OsStr::to_str).unwrap_or(DEFAULT);
        let name = match file.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() && EXTENSIONS.contains(&extension) => stem,
            _ => file,
        };
        Self(name.to_owned())
    }

    /// As typed by the user.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `<NAME>_<suffix>`: the name of an environment variable.
    pub fn variable(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.map(|c| c.to_ascii_uppercase(), '_'))
    }

    /// The git remote that `create` adds.
    pub fn remote(&self) -> String {
        self.map(|c| c.to_ascii_lowercase(), '-')
    }

    /// The settings folder below the home directory.
    pub fn folder(&self) -> String {
        format!(".{}", self.0)
    }

    /// True for a drop-in replacement of Deis's own client, whose users parse its error texts.
    pub fn is_deis(&self) -> bool {
        self.0 == "deis"
    }

    fn map(&self, letter: impl Fn(char) -> char, other: char) -> String {
        self.0.chars().map(|c| if c.is_ascii_alphanumeric() { letter(c) } else { other }).collect()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn everything_follows_the_executable() {
        let name = Name::of_program(Some(&"/opt/bin/My Cli.exe".into()));
        assert_eq!(name.as_str(), "My Cli");
        assert_eq!(name.variable("PROFILE"), "MY_CLI_PROFILE");
        assert_eq!(name.remote(), "my-cli");
        assert_eq!(name.folder(), ".My Cli");
    }

    #[test]
    fn only_known_extensions_are_cut() {
        for (file, name) in [("deis", "deis"), ("deis.sh", "deis"), ("deis-2.18", "deis-2.18"), (".exe", ".exe")] {
            assert_eq!(Name::of_program(Some(&file.into())).as_str(), name);
        }
        assert_eq!(Name::of_program(None).as_str(), "mycli");
    }
}
