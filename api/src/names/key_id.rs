//! What the owner of an SSH key calls it (`id` in the API).

use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// A key's name among those of its owner: 1 to 128 characters, mostly `user@machine`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyId(String);

name_traits!(KeyId);

impl KeyId {
    /// Longest name in characters.
    pub const MAX: usize = 128;

    /// The only way to a `KeyId`. Space around it is no part of it.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::new("This field may not be blank."));
        }
        if text.chars().count() > Self::MAX {
            return Err(InvalidName::new("Ensure this field has no more than 128 characters."));
        }
        // These mean something else in a URL, and the key could never be removed.
        if text.chars().any(char::is_control) || matches!(text, "." | "..") {
            return Err(InvalidName::new("Enter a name without control characters that is more than dots."));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::KeyId;

    #[test]
    fn accepts_and_refuses() {
        for good in ["laptop", "ana@laptop", "my key", "a/b", "ä", &"ä".repeat(128)] {
            assert_eq!(KeyId::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(KeyId::parse(" laptop\n").unwrap().as_str(), "laptop");
        for bad in ["", " ", ".", "..", "a\nb", "a\u{0}", &"a".repeat(129)] {
            assert!(KeyId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
