//! Tokens: 32 random bytes that are shown once; only their hash is kept.

use sha2::{Digest, Sha256};

use crate::error::Error;

/// Begins every token, so that one that was published by mistake can be found.
const PREFIX: &str = "sw_";
const SCHEME: &str = "token";

/// A token just made.
pub struct NewToken {
    /// What the client is shown, this one time.
    pub shown: String,
    /// What is kept.
    pub sha256: [u8; 32],
}

impl NewToken {
    /// Makes one.
    #[must_use]
    pub fn generate() -> Self {
        let secret: [u8; 32] = rand::random();
        let shown = format!("{PREFIX}{}", hex::encode(secret));
        Self { sha256: sha256(&shown), shown }
    }
}

/// The hash under which a token is kept.
#[must_use]
pub fn sha256(shown: &str) -> [u8; 32] {
    Sha256::digest(shown.as_bytes()).into()
}

/// The token in an `Authorization` header: none when there is no header, or one of another scheme.
pub fn from_header(header: Option<&str>) -> Result<Option<&str>, Error> {
    let mut words = header.unwrap_or_default().split_ascii_whitespace();
    if !words.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME)) {
        return Ok(None);
    }
    match (words.next(), words.next()) {
        (Some(token), None) => Ok(Some(token)),
        (None, _) => Err(Error::Unauthorized("Invalid token header. No credentials provided.")),
        (Some(_), Some(_)) => Err(Error::Unauthorized("Invalid token header. Token string should not contain spaces.")),
    }
}

#[cfg(test)]
mod tests {
    use super::{NewToken, from_header, sha256};

    #[test]
    fn no_two_tokens_are_the_same() {
        let (one, other) = (NewToken::generate(), NewToken::generate());
        assert_ne!(one.shown, other.shown);
        assert_eq!(one.sha256, sha256(&one.shown));
    }

    #[test]
    fn reads_the_header() {
        assert_eq!(from_header(Some("Token abc")).unwrap(), Some("abc"));
        for other in [None, Some(""), Some("Basic abc")] {
            assert_eq!(from_header(other).unwrap(), None);
        }
        for bad in ["token", "token a b"] {
            assert!(from_header(Some(bad)).is_err(), "{bad:?}");
        }
    }
}
