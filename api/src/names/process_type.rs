//! The name of a process type.

use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// A process type of a Procfile: words of `a-z` and `0-9` joined by single hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ProcessType(String);

name_traits!(ProcessType);

impl ProcessType {
    /// Longest type; with [`super::PlatformName::MAX`] it fills a Kubernetes name.
    pub const MAX: usize = 32;

    /// The only way to a `ProcessType`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !text.split('-').all(word) {
            return Err(InvalidName::new("Process types can only contain lowercase alphanumeric characters"));
        }
        if text.len() > Self::MAX {
            return Err(InvalidName::new(format!("Process types can have at most {} characters", Self::MAX)));
        }
        Ok(Self(text.to_owned()))
    }

    /// `web`, the type that is routed when there is one.
    #[must_use]
    pub fn web() -> Self {
        Self("web".to_owned())
    }

    /// `cmd`, the type of an image's own command.
    #[must_use]
    pub fn cmd() -> Self {
        Self("cmd".to_owned())
    }

    /// `run`, under which limits of one-off runs are set.
    #[must_use]
    pub fn run() -> Self {
        Self("run".to_owned())
    }

    /// True for the two types that may be routed (Deis: `web`, else `cmd`).
    #[must_use]
    pub fn is_routable(&self) -> bool {
        matches!(self.0.as_str(), "web" | "cmd")
    }
}

#[cfg(test)]
mod tests {
    use super::ProcessType;

    #[test]
    fn accepts_and_refuses() {
        for good in ["web", "cmd", "worker-low", "2nd"] {
            assert_eq!(ProcessType::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Web", "web_1", "-web", "web-", "a--b", "web\n", &"a".repeat(33)] {
            assert!(ProcessType::parse(bad).is_err(), "{bad:?}");
        }
    }
}
