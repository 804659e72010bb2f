//! What the owner of an API token calls it.

use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// A token's name among those of its owner: letters, digits and `. - _`, at most 64, first a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct TokenName(String);

name_traits!(TokenName);

impl TokenName {
    /// Longest name.
    pub const MAX: usize = 64;

    /// The only way to a `TokenName`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.is_empty() {
            return Err(InvalidName::new("This field may not be blank."));
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
        if !text.bytes().all(allowed) || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(InvalidName::new("Can only contain letters, digits, dots, hyphens and underscores"));
        }
        if text.len() > Self::MAX {
            return Err(InvalidName::new("Ensure this field has no more than 64 characters."));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::TokenName;

    #[test]
    fn accepts_and_refuses() {
        for good in ["ci", "GitHub-Actions", "backup_2026.1", "0", &"a".repeat(64)] {
            assert_eq!(TokenName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "-a", "a b", "a/b", "a\n", "ä", &"a".repeat(65)] {
            assert!(TokenName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
