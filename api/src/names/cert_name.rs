//! What a certificate is called.

use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// A certificate's name: lower-case letters, digits and hyphens, unique in the installation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct CertName(String);

name_traits!(CertName);

impl CertName {
    /// Longest name.
    pub const MAX: usize = 253;

    /// The only way to a `CertName`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.is_empty() {
            return Err(InvalidName::new("This field may not be blank."));
        }
        if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err(InvalidName::new("Can only contain a-z (lowercase), 0-9 and hyphens"));
        }
        if text.len() > Self::MAX {
            return Err(InvalidName::new("Ensure this field has no more than 253 characters."));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::CertName;

    #[test]
    fn accepts_and_refuses() {
        for good in ["web", "web-2024", "-", "0", &"a".repeat(253)] {
            assert_eq!(CertName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Web", "a.b", "a b", "a\n", "ä", "../x", &"a".repeat(254)] {
            assert!(CertName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
