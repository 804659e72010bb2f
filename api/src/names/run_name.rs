//! What a user calls a one-off run.

use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// A run's name within its app, the end of its name on the platform: words of `a-z` and `0-9` joined by single hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct RunName(String);

name_traits!(RunName);

impl RunName {
    /// Longest name.
    pub const MAX: usize = 32;

    /// The only way to a `RunName`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !text.split('-').all(word) {
            return Err(InvalidName::new("Names of runs can only contain a-z (lowercase), 0-9 and single hyphens"));
        }
        if text.len() > Self::MAX {
            return Err(InvalidName::new(format!("Names of runs can have at most {} characters", Self::MAX)));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::RunName;

    #[test]
    fn accepts_and_refuses() {
        for good in ["nightly", "1vxqg", "import-2024", &"a".repeat(32)] {
            assert_eq!(RunName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Nightly", "a_b", "-a", "a-", "a--b", "a/b", "a\n", &"a".repeat(33)] {
            assert!(RunName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
