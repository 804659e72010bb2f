//! The name of an app, and the shortened form that platforms use.

use serde::{Deserialize, Serialize};

use super::{InvalidName, ProcessType, name_traits};

/// An app's name (`id` in the API): 1 to 63 of `a-z`, `0-9` and `-`, beginning with a letter, not ending with `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AppName(String);

name_traits!(AppName);

impl AppName {
    /// Longest name: one DNS label.
    pub const MAX: usize = 63;

    /// The only way to an `AppName`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let slug = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.is_empty() || !text.chars().all(slug) {
            return Err(InvalidName::new(
                "Enter a valid 'slug' consisting of letters, numbers, underscores or hyphens.",
            ));
        }
        if text.len() > Self::MAX {
            return Err(InvalidName::new("Ensure this field has no more than 63 characters."));
        }
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let bytes = text.as_bytes();
        if !bytes[0].is_ascii_lowercase() || text.ends_with('-') || !bytes.iter().copied().all(allowed) {
            return Err(InvalidName::new(
                "App name must start with an alphabetic character, cannot end with a hyphen and can only contain \
                 a-z (lowercase), 0-9 and hyphens.",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The name an app bears on its platform: fixed when it is created, at most [`PlatformName::MAX`] characters, so that
/// `<platform name>-<process type>` stays within the 63 of a Kubernetes name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PlatformName(String);

name_traits!(PlatformName);

impl PlatformName {
    /// What [`ProcessType::MAX`] leaves of 63, less the hyphen.
    pub const MAX: usize = 62 - ProcessType::MAX;

    /// Reads a stored platform name: an app name that is short enough.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let name = AppName::parse(text)?;
        if text.len() > Self::MAX {
            return Err(InvalidName::new(format!("A platform name has at most {} characters.", Self::MAX)));
        }
        Ok(Self(name.0))
    }

    /// The platform name for a new app: its name, or its beginning and `digest`, 8 hexadecimal digits that the caller
    /// derives from the whole name.
    #[must_use]
    pub fn for_app(name: &AppName, digest: &str) -> Self {
        if name.0.len() <= Self::MAX {
            return Self(name.0.clone());
        }
        let head = name.0[..Self::MAX - digest.len() - 1].trim_end_matches('-');
        Self(format!("{head}-{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{AppName, PlatformName};
    use proptest::prelude::*;

    #[test]
    fn accepts_and_refuses() {
        for good in ["a", "jangly-sailfish", "a1", &"a".repeat(63)] {
            assert_eq!(AppName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "1a", "-a", "a-", "A", "a_b", "a.b", "a\n", "ä", "a b", &"a".repeat(64)] {
            assert!(AppName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn long_names_are_shortened_to_a_platform_name() {
        let name = AppName::parse("a-very-long-application-name-for-a-platform").unwrap();
        let short = PlatformName::for_app(&name, "0123abcd");
        assert_eq!(short.as_str(), "a-very-long-applicati-0123abcd");
        assert_eq!(PlatformName::parse(short.as_str()).unwrap(), short);
    }

    proptest! {
        #[test]
        fn what_parses_is_a_dns_label(text in ".{0,70}") {
            if let Ok(name) = AppName::parse(&text) {
                prop_assert!(name.as_str().len() <= 63);
                prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            }
        }
    }
}
