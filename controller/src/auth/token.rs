//! Tokens: 32 random bytes that are shown once; only their hash is kept.

use sha2::{Digest, Sha256};

use crate::error::Error;

/// Begins every token, so that one that was published by mistake can be found.
const PREFIX: &str = "sw_";
/// Begins those that programs call with.
const API_PREFIX: &str = "sw_api_";
/// Goes before such a token when it is hashed. A controller from before there were scopes hashes the token alone, finds
/// nothing, and so never takes a scoped token for one that may do everything.
const API_DOMAIN: &[u8] = b"slipway api token\0";
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
        Self::beginning_with(PREFIX)
    }

    /// Makes one for a program.
    #[must_use]
    pub fn for_program() -> Self {
        Self::beginning_with(API_PREFIX)
    }

    fn beginning_with(prefix: &str) -> Self {
        let secret: [u8; 32] = rand::random();
        let shown = format!("{prefix}{}", hex::encode(secret));
        Self { sha256: kept_as(&shown), shown }
    }
}

/// The hash under which a user's token is kept.
#[must_use]
pub fn kept_as(shown: &str) -> [u8; 32] {
    if shown.starts_with(API_PREFIX) {
        return Sha256::new().chain_update(API_DOMAIN).chain_update(shown).finalize().into();
    }
    sha256(shown)
}

/// The hash of any other secret, such as the first administrator's one-time token.
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
    use super::{NewToken, from_header, kept_as, sha256};

    #[test]
    fn no_two_tokens_are_the_same() {
        let (one, other) = (NewToken::generate(), NewToken::generate());
        assert_ne!(one.shown, other.shown);
        assert_eq!(one.sha256, sha256(&one.shown));
    }

    #[test]
    fn an_older_controller_finds_no_token_of_a_program() {
        let token = NewToken::for_program();
        assert_eq!(token.sha256, kept_as(&token.shown));
        assert_ne!(token.sha256, sha256(&token.shown));
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
