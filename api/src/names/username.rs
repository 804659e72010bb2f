//! The name of a user.

use serde::{Deserialize, Serialize};

use super::{InvalidName, name_traits};

/// A user's name: letters, digits and `@ . + - _`, at most 150.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Username(String);

name_traits!(Username);

impl Username {
    /// Longest name.
    pub const MAX: usize = 150;

    /// The only way to a `Username`.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.is_empty() {
            return Err(InvalidName::new("This field may not be blank."));
        }
        // Deis allowed every letter of Unicode; names that only look alike are a way to be taken for somebody else.
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"@.+-_".contains(&b);
        if !text.bytes().all(allowed) {
            return Err(InvalidName::new(
                "Enter a valid username. This value may contain only letters, numbers and @/./+/-/_ characters.",
            ));
        }
        if text.len() > Self::MAX {
            return Err(InvalidName::new("Ensure this field has no more than 150 characters."));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Username;

    #[test]
    fn accepts_and_refuses() {
        for good in ["admin", "ana@example.com", "a+b_c-d.e"] {
            assert_eq!(Username::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a/b", "a\n", "ä"] {
            assert!(Username::parse(bad).is_err(), "{bad:?}");
        }
    }
}
