//! The name of a config value, which becomes an environment variable.

use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// A config key: a letter or `_`, then letters, digits and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ConfigKey(String);

name_traits!(ConfigKey);

impl ConfigKey {
    /// The only way to a `ConfigKey`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if text.is_empty() || text.as_bytes()[0].is_ascii_digit() || !text.bytes().all(word) {
            return Err(InvalidName::new(
                "Config keys must start with a letter or underscore and only contain [A-z0-9_]",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::ConfigKey;

    #[test]
    fn accepts_and_refuses() {
        for good in ["A", "_", "a1", "POWERED_BY"] {
            assert_eq!(ConfigKey::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "1A", "A-B", "A B", "A=", "A\n", "Ä"] {
            assert!(ConfigKey::parse(bad).is_err(), "{bad:?}");
        }
    }
}
